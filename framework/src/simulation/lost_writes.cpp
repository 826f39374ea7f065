#include "simulation/lost_writes.hpp"

#include "canon/hash.hpp"

namespace canon {

void LostWrites::begin_frame() {
    places_.clear();
    sets_.clear();
}

void LostWrites::add(LostWrite write, std::vector<LostWrite>& report) {
    // Two functions that overwrite each other are one place for each that was first.
    const std::string owner = write.owner + " " + write.earlier_function;
    const auto [at, is_new] = places_.try_emplace(
        Place(write.kind, write.function, owner, write.name, write.change), report.size());
    if (!is_new)
        ++report[at->second].count;
    else if (report.size() < kMost)
        report.push_back(std::move(write));
    else
        places_.erase(at);
}

LostWrites::Overwritten LostWrites::set(EntityId entity, NameId field, const Setter& setter,
                                        std::span<const std::uint8_t> value) {
    const Set now{setter, hash_bytes(value)};
    const auto [at, is_new] = sets_.try_emplace({entity.value, field}, now);
    if (is_new) return {};
    const Set before = std::exchange(at->second, now);
    return {before.setter, before.setter.job != setter.job && before.value != now.value};
}

}  // namespace canon
