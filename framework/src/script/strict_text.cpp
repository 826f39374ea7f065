#include "script/strict_text.hpp"

#include <charconv>
#include <cstring>

#include "script/raise.hpp"
#include "script/strict_library.hpp"

namespace canon::script {
namespace {

void push_integer_text(lua_State* L, lua_Integer number) {
    char text[24];
    lua_pushlstring(
        L, text,
        static_cast<std::size_t>(std::to_chars(text, text + sizeof text, number).ptr - text));
}

// What Lua writes by "%.14g", with ".0" behind what would read as an integer.
void push_float_text(lua_State* L, lua_Number number) {
    constexpr int kDigits = 14;
    if (number != number) {
        lua_pushlstring(L, "nan", 3);
        return;
    }
    char text[40];
    char* end =
        std::to_chars(text, text + sizeof text, number, std::chars_format::general, kDigits).ptr;
    *end = '\0';
    if (text + std::strspn(text, "-0123456789") == end) {
        *end++ = '.';
        *end++ = '0';
    }
    lua_pushlstring(L, text, static_cast<std::size_t>(end - text));
}

}  // namespace

const char* push_text(lua_State* L, int index, std::size_t* size) {
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
        case LUA_TSTRING:
            lua_pushvalue(L, index);
            break;
        case LUA_TNUMBER:
            lua_isinteger(L, index) ? push_integer_text(L, lua_tointeger(L, index))
                                    : push_float_text(L, lua_tonumber(L, index));
            break;
        case LUA_TBOOLEAN:
            lua_toboolean(L, index) ? lua_pushlstring(L, "true", 4)
                                    : lua_pushlstring(L, "false", 5);
            break;
        case LUA_TNIL:
            lua_pushlstring(L, "nil", 3);
            break;
        default:
            check_nesting(L);
            if (luaL_callmeta(L, index, "__tostring")) {
                if (!lua_isstring(L, -1)) raise(L, "'__tostring' must return a string");
            } else if (const int type = luaL_getmetafield(L, index, "__name");
                       type != LUA_TSTRING) {
                if (type != LUA_TNIL) lua_pop(L, 1);
                push_string(L, luaL_typename(L, index));
            }
    }
    return lua_tolstring(L, -1, size);
}

}  // namespace canon::script
