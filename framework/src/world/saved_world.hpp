// Saved world: what can be told of its bytes without loading them; their form is in world_save.cpp.
#pragma once
#include "canon/bytes.hpp"
#include "canon/ids.hpp"

namespace canon::detail {

/// The next id of the saved world that `in` stands at, for those who have a bound of their own.
/// Fails: false for one that World::load would refuse there.
bool peek_next_id(ByteReader in, EntityId& out) noexcept;

}  // namespace canon::detail
