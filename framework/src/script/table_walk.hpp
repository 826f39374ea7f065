// Table walk: a table's keys in canonical order: numbers ascending, then strings bytewise, then
// false, true.
//
// The order depends on the keys alone: never on the hash seed, on addresses, or on the order of
// insertion. Integer and float keys are compared exactly. A walk holds a snapshot of the keys:
// those removed before their turn are skipped, new ones are not visited. A key of any other type
// has no such order and raises "unordered key", unless the program asked for arena order.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Pushes a walk over the keys of the table at `table`, which the caller keeps alive as long as the
/// walk. Fails: raises where a key has no order.
void push_walk(lua_State* L, int table);

enum class WalkStep { done, ended, elsewhere };

/// Pushes the key behind `key` that is still there, and its value, if the walk is of `table` and
/// gave `key` last, or if `key` is nil, where it begins anew. `walk` may be an upvalue. Returns:
/// `ended` where no key is left, `elsewhere` where the walk stands at another key or table; both
/// push nothing.
WalkStep step_walk(lua_State* L, int walk, int table, int key);

/// The same for any key of the walk's table, whether or not the table has or had it.
WalkStep seek_walk(lua_State* L, int walk, int table, int key);

/// Pushes the first key in canonical order and its value. Returns: whether there is one; otherwise
/// pushes nothing. Fails: raises where a key has no order.
bool push_first(lua_State* L, int table);

}  // namespace canon::script
