// Table walk: a table's keys in canonical order: numbers ascending, then strings bytewise, then
// false, true.
//
// The order depends on the keys alone: never on the hash seed, on addresses, or on the order of
// insertion. Integer and float keys are compared exactly. A walk holds a snapshot of the keys:
// those removed before their turn are skipped, new ones are not visited. A key of any other type
// has no such order and raises "unordered key".
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Pushes a walk over the keys of the table at `table`.
/// Fails: raises where a key has no order.
void push_walk(lua_State* L, int table);

/// Pushes the next key that is still there, and its value. `walk` and `table` may be upvalues.
/// Returns: whether there was one; otherwise pushes nothing.
bool step_walk(lua_State* L, int walk, int table);

/// Begins again with the first key.
void rewind_walk(lua_State* L, int walk);

/// Moves the walk to behind the key at `key`, whether or not the table has or had it.
void seek_walk(lua_State* L, int walk, int key);

/// Whether the key at `key` is the one that the walk gave last.
bool walk_stands_at(lua_State* L, int walk, int key);

/// Pushes the first key in canonical order and its value. Returns: whether there is one; otherwise
/// pushes nothing. Fails: raises where a key has no order.
bool push_first(lua_State* L, int table);

}  // namespace canon::script
