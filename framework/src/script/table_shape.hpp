// Table shape: what Lua's API does not tell of a table, for speed alone.
//
// A table without a hash part has only integer keys from 1 up, and its elements can be looked at
// where they lie. That is read from Lua's own Table, which is laid out alike in 5.4.0 to 5.4.8. The
// layout is tested on tables of known shapes when a state is opened; where the test fails, nothing
// is known of any table, and walks are slower and otherwise the same.
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

}  // namespace canon::script
