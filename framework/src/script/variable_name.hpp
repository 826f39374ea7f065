// Variable name: how the script that called us writes the value that it gave us.
#pragma once
#include <string>

#include "script/lua.hpp"

namespace canon::script {

/// "units", "self.units": a local variable, upvalue or global of the Lua function that called the
/// running C function, or a field of one, which holds the value at `index`; empty where there is
/// none. Of several globals or fields the first in the order of bytes.
/// Call: not where an error of Lua's would leak the caller's objects; this raises none but
/// memory's.
std::string variable_name(lua_State* L, int index);

}  // namespace canon::script
