// The host's half: it uses the Lua of the system and checks that it is that one.
#include <cstdio>
#include <cstring>
#include <lua.hpp>

int check_private_lua();

namespace {

constexpr const char* kProgram =
    "return tostring({}):match('^table: 0x') and os.time() > 0 and os.getenv('PATH') and 'stock'";

}  // namespace

int main() {
    lua_State* L = luaL_newstate();
    luaL_openlibs(L);
    const bool stock = luaL_dostring(L, kProgram) == LUA_OK && lua_isstring(L, -1) &&
                       std::strcmp(lua_tostring(L, -1), "stock") == 0;
    lua_close(L);
    if (!stock) {
        std::puts("the host's Lua is not its own any more");
        return 1;
    }
    return check_private_lua();
}
