#include "script/weak_tables.hpp"

#include <cstring>

namespace canon::script {

// Lua looks names of metamethods up by the addresses of their strings, which the global state
// behind the main thread holds in a row: `__gc`, `__mode`. In place of the second it gets a long
// string, which is never equal to the short one that a script can write.
bool forbid_weak_tables(lua_State* L) {
    constexpr char kNoName[] = "a name that no field of a metatable can have, for it is too long";
    constexpr std::size_t kGlobalStateBytes = 1024;  // up to there; all of it is larger
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    char* const main = reinterpret_cast<char*>(lua_tothread(L, -1));
    lua_pushlstring(L, "__gc", 4);
    lua_pushlstring(L, "__mode", 6);
    const void* const names[2] = {lua_topointer(L, -2), lua_topointer(L, -1)};
    lua_pushlstring(L, kNoName, sizeof kNoName - 1);
    const void* const no_name = lua_topointer(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "canon.no_name");  // kept from the collector
    lua_pop(L, 3);
    for (char* at = main; at < main + kGlobalStateBytes; at += 8)
        if (std::memcmp(at, names, sizeof names) == 0) {
            std::memcpy(at + 8, &no_name, sizeof no_name);
            return true;
        }
    return false;
}

}  // namespace canon::script
