#include "canon/error.hpp"
#include "fuzz/support/two_luas.hpp"
#include "script/lua.hpp"

namespace canon::fuzz {
namespace {

void push(lua_State* L, const Value& value) {
    switch (value.type()) {
        case Value::Type::nil:
            return lua_pushnil(L);
        case Value::Type::boolean:
            return lua_pushboolean(L, value.as_boolean());
        case Value::Type::integer:
            return lua_pushinteger(L, value.as_integer());
        case Value::Type::number:
            return lua_pushnumber(L, value.as_number());
        case Value::Type::string:
            lua_pushlstring(L, value.as_string().data(), value.as_string().size());
            return;
        case Value::Type::list: {
            lua_newtable(L);
            lua_Integer index = 0;
            for (const Value& element : value.as_list()) {
                push(L, element);
                lua_rawseti(L, -2, ++index);
            }
            return;
        }
        case Value::Type::map:
            throw Error("maps are no arguments here");
    }
}

Value value_at(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNIL:
            return {};
        case LUA_TBOOLEAN:
            return lua_toboolean(L, index) != 0;
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) return lua_tointeger(L, index);
            return lua_tonumber(L, index);
        case LUA_TSTRING: {
            std::size_t size;
            const char* text = lua_tolstring(L, index, &size);
            return std::string(text, size);
        }
        case LUA_TTABLE: {
            List list;
            const auto size = static_cast<lua_Integer>(lua_rawlen(L, index));
            for (lua_Integer i = 1; i <= size; ++i) {
                lua_rawgeti(L, index, i);
                list.push_back(value_at(L, lua_gettop(L)));
                lua_pop(L, 1);
            }
            return list;
        }
        default:
            throw Error("the script returned something that is no value");
    }
}

std::string message_at_top(lua_State* L) {
    const char* text = lua_tostring(L, -1);
    return text != nullptr ? text : "no message";
}

}  // namespace

StockLua::StockLua(const std::string& script) : L_(luaL_newstate()) {
    luaL_openlibs(L_);
    lua_newtable(L_);
    lua_setglobal(L_, "jobs");
    if (luaL_loadbuffer(L_, script.data(), script.size(), "=main") == LUA_OK &&
        lua_pcall(L_, 0, 0, 0) == LUA_OK)
        return;
    const std::string message = message_at_top(L_);
    lua_close(L_);
    throw Error(message);
}

StockLua::~StockLua() { lua_close(L_); }

Outcome StockLua::call(const char* job, const List& arguments) {
    lua_settop(L_, 0);
    luaL_checkstack(L_, static_cast<int>(arguments.size()) + 20, nullptr);
    lua_getglobal(L_, "jobs");
    lua_getfield(L_, 1, job);
    for (const Value& argument : arguments) push(L_, argument);
    if (lua_pcall(L_, static_cast<int>(arguments.size()), LUA_MULTRET, 0) != LUA_OK)
        return {.kind = Outcome::failed, .message = message_at_top(L_)};
    Outcome outcome;
    for (int i = 2; i <= lua_gettop(L_); ++i) outcome.results.push_back(value_at(L_, i));
    lua_settop(L_, 0);
    return outcome;
}

}  // namespace canon::fuzz
