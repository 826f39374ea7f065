// Directory: where each entity lives: a flat hash table from id to location, open addressing with
// linear probing.
//
// No slot holds id 0 but the empty ones, and from an id's home slot to its own no slot is empty: so
// a search ends at the id or at an empty slot. Ids come in runs, but each job has a block of its
// own: the four ids of a group share a cache line, the groups are scattered. The order of slots
// depends on history, so nothing walks them but growth.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "canon/schema.hpp"

namespace canon {

/// Where an entity lives now; valid until the next write.
struct Location {
    TemplateIndex template_index;
    std::uint32_t row;
};

namespace detail {

class Directory {
  public:
    Directory() : slots_(kFirstSlots) {}

    bool find(std::int64_t id, Location& out) const noexcept {
        for (std::size_t at = home(id);; at = (at + 1) & mask_) {
            const Slot& slot = slots_[at];
            if (slot.id == id) {
                out = slot.location;
                return id != 0;
            }
            if (slot.id == 0) return false;
        }
    }

    bool contains(std::int64_t id) const noexcept {
        Location ignored;
        return find(id, ignored);
    }

    /// `id` is positive and absent.
    void insert(std::int64_t id, Location location) {
        if ((used_ + 1) * 2 > slots_.size()) grow(slots_.size() * 2);
        place(id, location);
        ++used_;
    }

    /// `id` is present.
    void move(std::int64_t id, std::uint32_t row) noexcept;
    void erase(std::int64_t id) noexcept;
    std::size_t size() const noexcept { return used_; }
    /// Makes room for `count` ids in all.
    void reserve(std::size_t count);

  private:
    static constexpr int kGroupBits = 2;
    static constexpr int kFirstSlotBits = 6;
    static constexpr std::size_t kFirstSlots = std::size_t{1} << kFirstSlotBits;

    struct Slot {
        std::int64_t id = 0;
        Location location = {};
    };

    std::size_t home(std::int64_t id) const noexcept {
        const auto number = static_cast<std::uint64_t>(id);
        const std::uint64_t group = (number >> kGroupBits) * 0x9E3779B97F4A7C15ull >> group_shift_;
        return static_cast<std::size_t>(group << kGroupBits | (number & ((1u << kGroupBits) - 1)));
    }

    std::size_t position(std::int64_t id) const noexcept;
    void place(std::int64_t id, Location location) noexcept;
    void grow(std::size_t slot_count);

    std::vector<Slot> slots_;
    std::size_t mask_ = kFirstSlots - 1;
    int group_shift_ = 64 + kGroupBits - kFirstSlotBits;
    std::size_t used_ = 0;
};

}  // namespace detail
}  // namespace canon
