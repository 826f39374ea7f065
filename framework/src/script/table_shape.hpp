// Table shape: the one fact about a table that Lua's API does not tell and that makes walking sequences fast.
//
// Whether a table has only an array part, so that its keys are integers from 1 up, can be seen in 1 word of Lua's Table,
// which is laid out alike in 5.4.0 to 5.4.8. It is tested on tables of known shapes when a state is opened; where the test
// fails, every table counts as one of unknown shape, and walks are slower and otherwise the same.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Call: once for each state, before any table is walked. Leaves its tables to the collector.
void open_table_shape(lua_State* L);

/// Whether every key of the table at `index` is known to be an integer in its array part. False says nothing.
bool is_array_only(lua_State* L, int index);

}  // namespace canon::script
