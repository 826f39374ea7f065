// String pack: string.pack, packsize and unpack with sizes that are the same on every machine.
//
// As in stock Lua, but: bytes are in little-endian order unless `>` says otherwise; `i`, `I` and
// `s` need a size, and `!` an alignment; `l`, `L`, `T` and `=`, whose meaning is the machine's, are
// refused; a packed NaN is the canonical one.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

int string_pack(lua_State* L);
int string_packsize(lua_State* L);
int string_unpack(lua_State* L);

}  // namespace canon::script
