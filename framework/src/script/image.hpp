// Image: the saved bytes of a pristine Lua heap, and the quick way back to them.
//
// After `take`, the image's pages are read-only. The first write to one faults once; the page
// becomes hot for good, and `restore` copies back hot pages only: a job writes two or three pages
// of the image, however large the program. Before the collector runs (it writes to every page)
// `expect_all` opens all pages for one run, and the next restore copies everything. Where faults
// cannot be caught (sanitizers, systems whose pages are larger), everything is always copied.
//
// Threads: an image is used by one thread at a time; the fault handler runs on that thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "canon/bytes.hpp"
#include "core/counter.hpp"
#include "script/arena.hpp"

namespace canon::script {

/// A run that stopped half-way, as the bytes that differ from the image.
struct Suspended {
    Bytes bytes;
    Arena::State state;
    std::vector<std::uint32_t> lists;
    bool all_pages = false;
    std::size_t size() const noexcept { return bytes.size() + lists.size() * 4; }
};

class Image {
  public:
    explicit Image(Arena& arena);
    ~Image();
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;

    /// Takes the arena's bytes as the image. Call: once, when no Lua call is active.
    void take();
    /// The arena is again as `take` found it.
    void restore() noexcept;
    /// Call: before anything writes to most pages of the image; possibly from within the allocator.
    void expect_all() noexcept;

    void suspend(Suspended& out) const;
    /// Restores, then applies what `suspend` saved.
    void resume(const Suspended& suspended) noexcept;

    std::size_t size() const noexcept { return bytes_.size(); }
    /// Any thread.
    std::size_t hot_pages() const noexcept { return hot_count_.value(); }
    /// A digest in which addresses within the arena count as offsets and `owners` as their position
    /// in that list: equal in every VM that loaded the same program.
    std::uint64_t digest(std::initializer_list<const void*> owners) const;
    const Arena::State& state() const noexcept { return state_; }
    /// The image's own copy of what lies at `address` of the arena when no run is under way.
    const char* kept(const char* address) const noexcept {
        return bytes_.data() + (address - arena_.base());
    }
    /// Whether the arena's bytes are the image's. For tests.
    bool pristine() const noexcept;

    static bool catches_faults() noexcept;
    /// For tests and benchmarks: true copies everything always.
    static void force_full_copy(bool force) noexcept;

  private:
    friend struct FaultRouter;
    bool on_fault(const void* address) noexcept;
    void heat_all() noexcept;

    Arena& arena_;
    Arena::State state_;
    std::vector<char> bytes_;
    std::unique_ptr<std::uint32_t[]> hot_;
    Counter hot_count_;
    bool guarded_ = false;
    bool all_written_ = false;
    std::size_t slot_ = 0;
};

}  // namespace canon::script
