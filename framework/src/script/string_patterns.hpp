// String patterns: string.find, match, gmatch and gsub as in Lua 5.4, within the run's budget of
// library work.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

int string_find(lua_State* L);
int string_match(lua_State* L);
int string_gmatch(lua_State* L);
int string_gsub(lua_State* L);

}  // namespace canon::script
