// Table shape: what Lua's API does not tell of a table, for speed and for checks alone.
//
// A table without a hash part has only integer keys from 1 up, and its elements can be looked at
// where they lie. That is read from Lua's own Table, which is laid out alike in 5.4.0 to 5.4.8. The
// layout is tested on tables of known shapes when a state is opened; where the test fails, nothing
// is known of any table: walks are slower and otherwise the same, and tables that were read from
// fields are not checked for changes.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Call: once for each state, before any table is walked. Leaves its tables to the collector.
void open_table_shape(lua_State* L);

/// Whether every key of the table at `index` is known to be an integer in its array part. False
/// says nothing.
bool is_array_only(lua_State* L, int index);

/// A number n such that elements 1..n of the table are there and come first in lua_next's order. 0
/// says nothing.
lua_Integer filled_length(lua_State* L, int index);

/// Pushes the table at an address that lua_topointer gave. The table may be unreachable, but not
/// collected. False, with nothing pushed, where the layout is not known. Call: with the collector
/// stopped, and nothing to be run in the state any more.
bool push_table_at(lua_State* L, const void* table);

}  // namespace canon::script
