// Strict library: what the strict standard library's files share.
//
// Every function is a closure with one upvalue, false where it needs none: a closure lies in the
// arena, while a light C function is hashed by its code address, which differs in every process.
#pragma once
#include <cstdint>

#include "script/lua.hpp"
#include "script/vm_context.hpp"

namespace canon::script {

/// No library function makes a string longer than this at one go.
inline constexpr std::size_t kMaxStringBytes = std::size_t{64} << 20;

/// Sets `functions`, which end with a null name, in the table on top.
inline void set_functions(lua_State* L, const luaL_Reg* functions) {
    lua_pushboolean(L, 0);
    luaL_setfuncs(L, functions, 1);
}

/// Work of copying, comparing or searching `bytes`.
inline void charge_bytes(lua_State* L, std::size_t bytes) {
    if (bytes >= 16) charge(L, static_cast<std::int64_t>(bytes / 16));
}

}  // namespace canon::script
