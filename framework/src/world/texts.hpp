// Texts: what string and `any` fields hold, each content once for a world and its snapshots. Cells
// are pointers to them, so a page is copied like one of numbers.
//
// What no cell holds any more is found by a sweep: every page that the world or a living snapshot
// reaches is looked through, and what was not met is given back.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "canon/detail/world_blocks.hpp"

namespace canon::detail {

/// Call: on the thread that writes to the world.
class Texts {
  public:
    Texts() : slots_(kFirstSlots) {}
    ~Texts();
    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;

    const Text* intern(std::string_view content);

    std::size_t size() const noexcept { return used_; }
    /// Whether as much has come since the last sweep as was left after it, so that sweeping costs a
    /// fixed share of the writes.
    bool wants_sweep() const noexcept { return bytes_ > sweep_at_; }
    /// Of the sweep that is under way or comes next; each is another.
    std::uint32_t sweep() const noexcept { return sweep_; }
    void mark(const Text* text) const noexcept { const_cast<Text*>(text)->marked = sweep_; }
    /// Gives back what is not marked.
    void end_sweep() noexcept;

  private:
    static constexpr std::size_t kFirstSlots = 64;
    static constexpr std::size_t kLeastBytes = 1 << 20;  // below that it is not worth a sweep

    std::vector<Text*> slots_;  // open addressing, a power of two, at most half full
    std::size_t used_ = 0;
    std::size_t bytes_ = 0;
    std::size_t sweep_at_ = kLeastBytes;
    std::uint32_t sweep_ = 1;
    BlockCache memory_;
};

}  // namespace canon::detail
