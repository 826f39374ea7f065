#include "script/raise.hpp"

#include <array>
#include <cstdarg>
#include <string_view>

#include "script/absent_names.hpp"
#include "script/lua_limits.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

// Places in the registry. Integers: a string would be hashed, and an address would differ between
// processes.
constexpr lua_Integer kThrown = -1;  // the string that is being thrown, or false
constexpr lua_Integer kLogged = -2;  // how many engine errors this run has logged

// A script that tries things a million times must not fill the log with it.
constexpr lua_Integer kMaxLogged = 16;
constexpr std::size_t kMaxLoggedBytes = 400;

void log_engine_error(lua_State* L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, kLogged);
    const lua_Integer logged = lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (logged == kMaxLogged) return;
    lua_pushinteger(L, logged + 1);
    lua_rawseti(L, LUA_REGISTRYINDEX, kLogged);
    std::size_t size;
    const char* text = lua_tolstring(L, -1, &size);
    const std::string_view why_absent = explain_absence({text, size});
    std::array<char, kMaxLoggedBytes> line;  // no destructor: write_log may end the run
    std::size_t used = 0;
    const auto append = [&](std::string_view part) {
        used += part.copy(line.data() + used, line.size() - used);
    };
    append({text, size});
    if (!why_absent.empty()) {
        append("; ");
        append(why_absent);
    }
    write_log(L, 0, {line.data(), used});
}

}  // namespace

void open_raise(lua_State* L) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, kThrown);
    lua_pushinteger(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, kLogged);
}

void throw_value(lua_State* L) {
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, LUA_REGISTRYINDEX, kThrown);
    }
    lua_error(L);
    __builtin_unreachable();
}

void raise(lua_State* L, const char* format, ...) {
    luaL_where(L, 1);
    std::va_list values;
    va_start(values, format);
    lua_pushvfstring(L, format, values);
    va_end(values);
    lua_concat(L, 2);
    throw_value(L);
}

void check_nesting(lua_State* L) {
    if (call_depth(L) - context(L).calls_before > kMaxNesting) [[unlikely]]
        raise(L, "calls are nested too deeply (the limit is %d)", kMaxNesting);
}

bool is_scripts_own(lua_State* L) {
    if (lua_type(L, -1) != LUA_TSTRING) return true;
    lua_rawgeti(L, LUA_REGISTRYINDEX, kThrown);
    const bool own = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, kThrown);
    return own;
}

void hide_engine_error(lua_State* L) {
    if (!context(L).opaque_errors) return;
    log_engine_error(L);
    lua_pop(L, 1);
    lua_pushlstring(L, kEngineError, sizeof kEngineError - 1);
}

int filter_error(lua_State* L) {
    if (!is_scripts_own(L)) hide_engine_error(L);
    return 1;
}

}  // namespace canon::script
