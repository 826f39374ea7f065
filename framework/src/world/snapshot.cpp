#include "canon/snapshot.hpp"

#include <string>
#include <utility>
#include <vector>

#include "world/journal.hpp"

namespace canon {

std::shared_ptr<const Snapshot> World::capture() const {
    std::vector<HostPart> parts;
    parts.reserve(host_parts_.size());
    for (const HostPart& part : host_parts_) {
        HostPart& copy = parts.emplace_back();
        copy.name = part.name;
        part.save_into(copy.saved);
        copy.saved_hash = part.hash();
    }
    std::unique_ptr<const World> copy(new World(state_, std::move(parts)));
    return std::shared_ptr<const Snapshot>(new Snapshot(std::move(copy)));
}

void World::restore(const Snapshot& snapshot) {
    assert_writable();
    CANON_ASSERT(!is_savepoint_open(), "restore while a savepoint is open");
    const World& from = snapshot.world();
    if (from.schema().digest() != schema().digest())
        throw Error("the snapshot is of a world with other templates");
    if (from.host_parts_.size() != host_parts_.size())
        throw Error("the snapshot has " + std::to_string(from.host_parts_.size()) +
                    " host states, expected " + std::to_string(host_parts_.size()));
    std::vector<std::span<const std::uint8_t>> saved;
    for (std::size_t i = 0; i < host_parts_.size(); ++i) {
        const HostPart& part = from.host_parts_[i];
        if (part.name != host_parts_[i].name)
            throw Error("the snapshot has the host state '" + part.name + "', expected '" +
                        host_parts_[i].name + "'");
        saved.push_back(part.saved.view());
    }
    State next = from.state_;
    // The world keeps its own schema object: callers may hold references into it.
    next.schema = state_.schema;
    load_host_parts(saved);
    state_ = std::move(next);
}

}  // namespace canon
