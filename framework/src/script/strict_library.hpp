// Strict library: what the strict standard library's files share.
//
// Every function is a closure with one upvalue, false where it needs none: a closure lies in the
// arena, while a light C function is hashed by its code address, which differs in every process.
#pragma once
#include <cstdint>
#include <string_view>

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

/// lua_pushstring, but that it looks at the text alone. Lua's own keeps what it has made by the
/// address of the text: of one that is longer than 40 bytes the next call makes another string, or
/// does not, depending on where the program lies, and memory is counted.
inline void push_string(lua_State* L, std::string_view text) {
    lua_pushlstring(L, text.data(), text.size());
}

// A unit of work is about 4 ns of a usual processor, so that a limit on work is one on time
// wherever it is spent.
inline constexpr std::int64_t kElementWork =
    4;                                         ///< reading and writing an element through Lua's API
inline constexpr std::int64_t kTextWork = 16;  ///< making the text of a number, or reading one
inline constexpr std::int64_t kSwitchWork = 16;  ///< entering and leaving a coroutine
inline constexpr std::int64_t kCompileWork = 8;  ///< a byte of source

/// Work of copying or comparing `bytes`.
inline void charge_copy(lua_State* L, std::size_t bytes) {
    if (bytes >= 16) charge(L, static_cast<std::int64_t>(bytes / 16));
}

/// Work of looking at each of `bytes`.
inline void charge_scan(lua_State* L, std::size_t bytes) {
    charge(L, static_cast<std::int64_t>(bytes / 2));
}

}  // namespace canon::script
