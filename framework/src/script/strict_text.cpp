#include "script/strict_text.hpp"

#include "script/raise.hpp"

namespace canon::script {

const char* push_text(lua_State* L, int index, std::size_t* size) {
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
        case LUA_TSTRING:
            lua_pushvalue(L, index);
            break;
        case LUA_TNUMBER:
            lua_pushvalue(L, index);
            break;  // lua_tolstring below converts the copy
        case LUA_TBOOLEAN:
            lua_toboolean(L, index) ? lua_pushlstring(L, "true", 4)
                                    : lua_pushlstring(L, "false", 5);
            break;
        case LUA_TNIL:
            lua_pushlstring(L, "nil", 3);
            break;
        default:
            if (luaL_callmeta(L, index, "__tostring")) {
                if (!lua_isstring(L, -1)) raise(L, "'__tostring' must return a string");
            } else if (const int type = luaL_getmetafield(L, index, "__name");
                       type != LUA_TSTRING) {
                if (type != LUA_TNIL) lua_pop(L, 1);
                lua_pushstring(L, luaL_typename(L, index));
            }
    }
    return lua_tolstring(L, -1, size);
}

}  // namespace canon::script
