// Weak tables: there are none in strict Lua, also where a metatable gets its __mode only later.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Makes that no table of `L` is ever weak, whatever its metatable gets: the collector looks for
/// `__mode` anew each time, and what it then clears is seen by scripts. False if it cannot be done.
/// Call: before any table has a metatable. May raise for want of memory.
bool forbid_weak_tables(lua_State* L);

}  // namespace canon::script
