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

/// The length n of a table whose keys are 1..n and no others, if that is quickly seen; otherwise -1.
lua_Integer sequence_length(lua_State* L, int table);

/// Pushes a walk over the keys of the table at `table`.
/// Fails: raises where a key has no order.
void push_walk(lua_State* L, int table);

/// Pushes the next key that is still there, and its value. `walk` may be an upvalue; `table` is the table that it is of.
/// Returns: whether there was one; otherwise pushes nothing.
bool step_walk(lua_State* L, int walk, int table);

/// Whether the walk is of the table at `table` and gave the key at `key` last; a walk begins anew where that is nil.
bool continue_walk(lua_State* L, int walk, int table, int key);

/// Moves the walk to behind the key at `key`, whether or not the table has or had it.
void seek_walk(lua_State* L, int walk, int key);

/// Pushes the first key in canonical order and its value. Returns: whether there is one; otherwise pushes nothing.
/// Fails: raises where a key has no order.
bool push_first(lua_State* L, int table);

}  // namespace canon::script
