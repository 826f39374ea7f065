#include "canon/detail/world_directory.hpp"

#include <bit>
#include <utility>

namespace canon::detail {

std::size_t Directory::position(std::int64_t id) const noexcept {
    std::size_t at = home(id);
    while (slots_[at].id != id) at = (at + 1) & mask_;
    return at;
}

void Directory::move(std::int64_t id, std::uint32_t row) noexcept {
    slots_[position(id)].location.row = row;
}

void Directory::place(std::int64_t id, Location location) noexcept {
    std::size_t at = home(id);
    while (slots_[at].id != 0) at = (at + 1) & mask_;
    slots_[at] = {id, location};
}

void Directory::erase(std::int64_t id) noexcept {
    // What follows moves up, unless that would put it before its home: so there are no tombstones,
    // and a table that has seen many deaths is as fast as a new one.
    std::size_t gap = position(id);
    for (std::size_t at = (gap + 1) & mask_; slots_[at].id != 0; at = (at + 1) & mask_) {
        const std::size_t from_home = (at - home(slots_[at].id)) & mask_;
        const std::size_t from_gap = (at - gap) & mask_;
        if (from_home < from_gap) continue;
        slots_[gap] = slots_[at];
        gap = at;
    }
    slots_[gap] = Slot{};
    --used_;
}

void Directory::reserve(std::size_t count) {
    const std::size_t slot_count = std::bit_ceil(count * 2 + 2);
    if (slot_count > slots_.size()) grow(slot_count);
}

void Directory::grow(std::size_t slot_count) {
    const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(slot_count));
    mask_ = slot_count - 1;
    group_shift_ = 64 + kGroupBits - std::countr_zero(slot_count);
    for (const Slot& slot : before)
        if (slot.id != 0) place(slot.id, slot.location);
}

}  // namespace canon::detail
