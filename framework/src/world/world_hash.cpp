// The state hash: of each template's tree, which keeps the hashes of what has not changed.
#include "canon/hash.hpp"
#include "canon/world.hpp"

namespace canon {

std::uint64_t World::HostPart::hash() const {
    if (state == nullptr) return saved_hash;
    Hasher hasher;
    state->hash(hasher);
    return hasher.digest();
}

std::uint64_t World::state_hash() const {
    Hasher hasher;
    hasher.update_integer(schema().digest());
    hasher.update_integer(static_cast<std::uint64_t>(state_.next_id));
    for (TemplateIndex index = 0; index < schema().size(); ++index)
        hasher.update_integer(state_.tables[index].hash(layouts_[index]));
    hasher.update_integer(host_parts_.size());
    for (const HostPart& part : host_parts_) {
        hasher.update_string(part.name);
        hasher.update_integer(part.hash());
    }
    return hasher.digest();
}

}  // namespace canon
