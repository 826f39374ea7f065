// String format: string.format with one fixed grammar and without the C library.
//
// A specification is '%', flags, a width of up to two digits, '.' and a precision of up to two
// digits, a letter; which flags a letter takes is that of Lua 5.4.4, whatever the release. Floats
// are rounded exactly, half to even; the locale plays no part; NaN has no sign; %s gives an address
// for nothing, and %p is refused.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

int string_format(lua_State* L);

}  // namespace canon::script
