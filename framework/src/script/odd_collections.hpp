// OddCollections: Lua's collector at moments when nobody expects it, for a simulation in chaos.
//
// Where an allocator refuses, Lua collects all garbage, wherever it is, and asks again. So this
// allocator stands before an arena and refuses once here and there, in a few of the runs. It
// refuses requests for new objects only, known by the type that Lua hands over in the place of an
// old size: the buffers of Lua's auxiliary library take the first refusal for the end of memory.
//
// What memory limits decide must stay as it is. A collection lowers the arena's watermark by what
// it has freed, so a run that would have come there without comes there with it; it is then made
// again without. So is one that stops in a call, since what is put aside must be what it would have
// been.
#pragma once
#include <cstdint>

#include "canon/random.hpp"
#include "core/counter.hpp"
#include "script/image.hpp"
#include "script/lua.hpp"

namespace canon::script {

class OddCollections {
  public:
    /// Borrows: both. `seed`: not 0.
    OddCollections(Arena& arena, Image& image, std::uint64_t seed) noexcept
        : arena_(arena), image_(image), seed_(seed) {}
    OddCollections(const OddCollections&) = delete;
    OddCollections& operator=(const OddCollections&) = delete;

    /// Puts this in the place of the arena. Call: before the image is taken.
    void install(lua_State* L) noexcept { lua_setallocf(L, allocate, this); }

    /// A run begins; the key and stream of its random numbers tell it from others.
    void begin(std::uint64_t random_key, std::uint64_t random_stream) noexcept;
    /// It has ended. False if it must be made again without.
    bool end(bool stopped) noexcept;
    /// The run holds more than its watermark. Call: from the arena's Pressure.
    void come_under_pressure() noexcept;

    /// Whether garbage was collected in the run that ended last.
    bool has_collected() const noexcept { return collected_; }
    /// Any thread.
    std::uint64_t count() const noexcept { return count_.value(); }

  private:
    static void* allocate(void* self, void* block, std::size_t old_size,
                          std::size_t new_size) noexcept;
    bool is_due() noexcept;

    Arena& arena_;
    Image& image_;
    std::uint64_t seed_;
    RandomStream random_;
    std::int64_t wait_ = -1;  // objects to be made before the next one; negative: none comes
    bool collecting_ = false;
    bool collected_ = false;
    bool under_pressure_ = false;
    std::uint64_t live_before_ = 0;
    Counter count_;
};

}  // namespace canon::script
