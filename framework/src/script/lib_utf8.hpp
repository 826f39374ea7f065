// UTF-8: stock Lua's library with one answer to malformed text on every patch release: an error.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

void open_strict_utf8(lua_State* L);

}  // namespace canon::script
