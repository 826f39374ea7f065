// Snapshot: the whole state at one moment, which never changes.
#pragma once
#include <memory>

#include "canon/world.hpp"

namespace canon {

/// What `World::capture` gave. Any thread may read it while the live world goes on; it lives as
/// long as someone holds it.
class Snapshot {
  public:
    /// Frozen for good: all reading functions, `state_hash`, `save` and `capture` work, and give
    /// what the live world gave. `near` and `where` scan. Host states are held as bytes: `dump`
    /// shows their size and hash only.
    const World& world() const noexcept { return *world_; }

  private:
    friend class World;
    explicit Snapshot(std::unique_ptr<const World> world) noexcept : world_(std::move(world)) {}

    std::unique_ptr<const World> world_;
};

}  // namespace canon
