// Arena: the memory of one VM, at an address whose low 32 bits are zero.
//
// Lua hashes only the low 32 bits of an object's address, so with such a base they are the object's
// offset, and tables keyed by objects have one order in every arena, process and machine. All
// bookkeeping is in `State` and the free lists, so that restoring them with the bytes restores the
// allocator. Sizes are rounded to classes, blocks of a class are reused last in first out, new ones
// are cut from the top: what is allocated where is a function of the calls alone.
//
// The limit counts the bytes that Lua asked for, not the physical ones, so it does not depend on
// fragmentation; the mapping is four times the limit.
#pragma once
#include <cstddef>
#include <cstdint>

namespace canon::script {

class Arena {
  public:
    /// Called when live bytes would pass `watermark`; may raise the watermark. Must not allocate
    /// from the arena.
    using Pressure = void (*)(void* owner, bool refused);

    /// `phase_bytes`: a multiple of 16, left free before the first block, so that all blocks have
    /// other offsets.
    /// Fails: throws canon::Error if no aligned address can be mapped.
    Arena(std::size_t limit_bytes, Pressure pressure, void* owner, std::size_t phase_bytes = 0);
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// In the manner of lua_Alloc; never moves a block to shrink it. Null once live bytes pass the
    /// limit.
    void* reallocate(void* block, std::size_t old_size, std::size_t new_size) noexcept;

    struct State {
        std::uint64_t top = 0;   ///< offset behind the last block cut
        std::uint64_t live = 0;  ///< bytes that Lua holds
        std::uint64_t peak = 0;
        std::uint64_t used_classes[3] = {};  ///< which free lists may be occupied
    };

    char* base() const noexcept { return base_; }
    std::size_t capacity() const noexcept { return capacity_; }
    const State& state() const noexcept { return state_; }
    /// For each live byte count up to here no question is asked; reset by `set_limits`.
    void set_limits(std::size_t watermark_bytes, std::size_t limit_bytes) noexcept {
        watermark_ = watermark_bytes < limit_bytes ? watermark_bytes : limit_bytes;
        limit_ = limit_bytes;
    }
    void set_watermark(std::size_t bytes) noexcept { watermark_ = bytes; }
    std::size_t watermark() const noexcept { return watermark_; }
    std::size_t limit() const noexcept { return limit_; }

    /// Keeps the rest of the page for `use_set_aside`: what comes until then is cut behind
    /// it.
    void set_aside() noexcept;
    void use_set_aside() noexcept;

    /// Empties the free lists and moves the top to the next page, so that what comes lies apart
    /// from what is there.
    void seal() noexcept;
    /// Back to `state` with empty free lists; the bytes are the caller's business.
    void rewind(const State& state) noexcept;
    /// Copies the free lists' heads in use out and in; `heads` has room for kClasses. Used for runs
    /// that are put aside.
    std::size_t save_lists(std::uint32_t* classes_and_offsets) const noexcept;
    void load_lists(const State& state, const std::uint32_t* classes_and_offsets,
                    std::size_t count) noexcept;
    /// Gives memory above `offset` back to the system.
    void trim(std::size_t offset) noexcept;

    static constexpr std::size_t kSmallClasses = 64;                 // steps of 16 up to 1 KiB
    static constexpr std::size_t kClasses = kSmallClasses + 4 * 22;  // then four to a doubling

  private:
    static std::size_t class_of(std::size_t size) noexcept;
    static std::size_t class_size(std::size_t index) noexcept;
    void* take(std::size_t index) noexcept;
    void* take_larger(std::size_t index) noexcept;
    void* carve(std::size_t size) noexcept;
    void give(void* block, std::size_t index) noexcept;
    bool admit(std::size_t growth) noexcept;

    char* base_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t watermark_;
    std::size_t limit_;
    State state_;
    void* lists_[kClasses] = {};
    bool sealed_ = false;
    char* carved_ =
        nullptr;  // before the seal: what is left of a large free block that is being cut up
    std::size_t carved_left_ = 0;
    std::size_t aside_begin_ = 0;
    Pressure pressure_;
    void* owner_;
};

}  // namespace canon::script
