// The levels above strict are made of its libraries and of stock Lua's: strict's where a function
// has to end within a limit of time or work, stock's where strict shows less than ordinary Lua.
#include "script/sandbox.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <set>

#include "canon/error.hpp"
#include "script/engine_library.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm_context.hpp"
#include "script/weak_tables.hpp"
#include "world/edit_distance.hpp"

namespace canon {
namespace {

constexpr const char* kLevelNames[] = {"strict", "view", "trusted"};

}  // namespace

const char* sandbox_name(Sandbox::Level level) noexcept {
    return kLevelNames[static_cast<int>(level)];
}

Sandbox::Level Sandbox::level_named(std::string_view name) {
    for (int i = 0; i < 3; ++i)
        if (name == kLevelNames[i]) return static_cast<Level>(i);
    throw Error("there is no sandbox level '" + std::string(name) +
                "' (they are strict, view and trusted)" +
                detail::suggestion(name, {"strict", "view", "trusted"}));
}

namespace script {
namespace {

// ---- what ordinary Lua has and strict has not ----

// Upvalue 1 of these: stock Lua's function, which asks a C library without a clock.
int os_time(lua_State* L) {
    if (lua_isnoneornil(L, 1)) {
        lua_pushinteger(L, static_cast<lua_Integer>(std::time(nullptr)));
        return 1;
    }
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

int os_date(lua_State* L) {
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "%c");
        lua_replace(L, 1);
    }
    if (lua_isnil(L, 2)) {
        lua_pushinteger(L, static_cast<lua_Integer>(std::time(nullptr)));
        lua_replace(L, 2);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

int os_clock(lua_State* L) {
    lua_pushnumber(L, static_cast<lua_Number>(std::clock()) / CLOCKS_PER_SEC);
    return 1;
}

int os_getenv(lua_State* L) {
    lua_pushstring(L, std::getenv(luaL_checkstring(L, 1)));
    return 1;
}

// Upvalue 1: stock Lua's.
int view_collectgarbage(lua_State* L) {
    expect_collection(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

int view_setmetatable(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    const int type = lua_type(L, 2);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        raise(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            raise(L,
                  "setmetatable: a metatable with __gc is refused in a sandbox of level 'view': a "
                  "finalizer runs where no limit of time can stop it");
        lua_settop(L, 2);
    }
    lua_setmetatable(L, 1);
    return 1;
}

// Runs where the error came up, so that debug.traceback tells how. Lua runs handlers with hooks
// off when it was a hook that raised: nothing could stop a loop in it then. Upvalue 1: the
// script's handler.
int guarded_handler(lua_State* L) {
    if (context(L).kill != 0) return 1;
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

// The stack: the wrapped handler, true, then the results or the error.
int end_of_view_xpcall(lua_State* L, int status, lua_KContext) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 1;
    rethrow_if_killed(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

int view_xpcall(lua_State* L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    const int arguments = lua_gettop(L) - 2;
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guarded_handler, 1);
    lua_replace(L, 2);  // function, handler, arguments
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);  // function, handler, true, function, arguments
    lua_remove(L, 1);
    const int status = lua_pcallk(L, arguments, LUA_MULTRET, 1, 0, end_of_view_xpcall);
    return end_of_view_xpcall(L, status, 0);
}

int view_tostring(lua_State* L) {
    luaL_checkany(L, 1);
    const int type = lua_type(L, 1);
    const bool has_address =
        type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TTHREAD || type == LUA_TUSERDATA;
    if (has_address && !luaL_getmetafield(L, 1, "__tostring") &&
        !luaL_getmetafield(L, 1, "__name")) {
        char text[64];
        std::snprintf(text, sizeof text, "%s: %p", lua_typename(L, type), lua_topointer(L, 1));
        lua_pushstring(L, text);
    } else {
        luaL_tolstring(L, 1, nullptr);
    }
    return 1;
}

// Seeds as stock Lua does, from what differs in each process, unless the script gives a number.
int view_randomseed(lua_State* L) {
    std::uint64_t seed[2] = {static_cast<std::uint64_t>(std::time(nullptr)),
                             reinterpret_cast<std::uintptr_t>(L)};
    if (!lua_isnoneornil(L, 1)) {
        lua_Integer given;
        if (lua_isinteger(L, 1))
            given = lua_tointeger(L, 1);
        else
            given = static_cast<lua_Integer>(std::bit_cast<std::uint64_t>(luaL_checknumber(L, 1)));
        seed[0] = static_cast<std::uint64_t>(given);
        seed[1] = static_cast<std::uint64_t>(luaL_optinteger(L, 2, 0));
    }
    context(L).random = RandomStream(seed[0], seed[1]);
    return 0;
}

// ---- putting libraries together ----

// Pushes the table of what `open` of stock Lua defines.
void push_stock(lua_State* L, lua_CFunction open) {
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
}

// Stock Lua's basic functions write to the globals: a table of their own stands there meanwhile.
void push_stock_base(lua_State* L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 0);
    lua_insert(L, -2);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

// Copies fields of the table on top to `target`.
void take(lua_State* L, int target, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        lua_getfield(L, -1, name);
        lua_setfield(L, target, name);
    }
}

// Sets `target[name]` to a closure over the field `name` of the table on top.
void wrap(lua_State* L, int target, const char* name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, target, name);
}

constexpr luaL_Reg kViewBase[] = {
    {"setmetatable", view_setmetatable},
    {"tostring", view_tostring},
    {"xpcall", view_xpcall},
    {nullptr, nullptr},
};

void relax_base(lua_State* L, int globals, bool trusted) {
    push_stock_base(L);
    take(L, globals,
         {"getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "rawset",
          "select", "tonumber"});
    wrap(L, globals, "collectgarbage", view_collectgarbage);
    lua_pushvalue(L, globals);
    set_functions(L, kViewBase);
    lua_pop(L, 1);
    if (trusted) take(L, globals, {"dofile", "load", "loadfile", "setmetatable", "warn"});
    lua_pop(L, 1);
}

// Strict's matcher stays: it counts its work, and stock Lua's may run for hours.
void relax_string(lua_State* L, int globals, bool trusted) {
    lua_getglobal(L, "string");
    const int strict = lua_gettop(L);
    push_stock(L, luaopen_string);  // a metatable of strings with it
    const int string = lua_gettop(L);
    if (!trusted) {
        lua_pushnil(L);
        lua_setfield(L, string, "dump");
    }
    lua_pushvalue(L, strict);
    take(L, string, {"find", "gmatch", "gsub", "match", "rep"});
    lua_pop(L, 1);
    lua_pushvalue(L, string);
    lua_setfield(L, globals, "string");
    lua_settop(L, strict - 1);
    push_stock(L, luaopen_utf8);
    lua_setfield(L, globals, "utf8");
}

void add_os(lua_State* L, int globals, bool trusted) {
    push_stock(L, luaopen_os);
    if (trusted)
        lua_pushvalue(L, -1);
    else
        lua_newtable(L);
    const int os = lua_gettop(L);
    lua_pushvalue(L, os - 1);
    take(L, os, {"difftime"});
    wrap(L, os, "time", os_time);
    wrap(L, os, "date", os_date);
    wrap(L, os, "clock", os_clock);
    if (trusted) wrap(L, os, "getenv", os_getenv);
    lua_pop(L, 1);
    lua_setfield(L, globals, "os");
    lua_pop(L, 1);
}

void add_debug(lua_State* L, int globals, bool trusted) {
    push_stock(L, luaopen_debug);
    if (!trusted) {
        const int stock = lua_gettop(L);
        lua_newtable(L);
        lua_insert(L, stock);
        take(L, stock, {"getinfo", "traceback"});
        lua_pop(L, 1);
    }
    lua_setfield(L, globals, "debug");
}

// Modules in Lua are found as usual; for those in C the symbols of a Lua are missing.
void add_package(lua_State* L, int globals) {
    push_stock(L, luaopen_package);
    lua_getfield(L, globals, "require");
    lua_setfield(L, LUA_REGISTRYINDEX, kStockRequireKey);
    lua_pushnil(L);
    lua_setfield(L, -2, "loadlib");
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "cpath");
    lua_getfield(L, -1, "searchers");
    for (int i = 4; i >= 3; --i) {
        lua_pushnil(L);
        lua_rawseti(L, -2, i);
    }
    lua_pop(L, 1);
    lua_setfield(L, globals, "package");
}

void relax(lua_State* L, bool trusted) {
    lua_pushglobaltable(L);
    const int globals = lua_gettop(L);
    relax_base(L, globals, trusted);
    relax_string(L, globals, trusted);
    lua_getglobal(L, "math");
    lua_pushcfunction(L, view_randomseed);
    lua_setfield(L, -2, "randomseed");
    lua_pop(L, 1);
    add_os(L, globals, trusted);
    add_debug(L, globals, trusted);
    if (trusted) {
        push_stock(L, luaopen_io);
        lua_setfield(L, globals, "io");
        add_package(L, globals);
    }
    lua_settop(L, globals - 1);
}

// ---- the own allow-list ----

// Names of the level: "print", "string", "string.find", ... None of Lua's functions may raise here:
// C++ objects are alive.
std::vector<std::string> names_of_level(lua_State* L) {
    std::vector<std::string> names;
    lua_pushglobaltable(L);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        const std::string name = lua_tostring(L, -2);
        names.push_back(name);
        if (lua_istable(L, -1) && name != "_G") {
            lua_pushnil(L);
            while (lua_next(L, -2) != 0) {
                if (lua_type(L, -2) == LUA_TSTRING)
                    names.push_back(name + "." + lua_tostring(L, -2));
                lua_pop(L, 1);
            }
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return names;
}

// Empty, or why the list is refused.
std::string check_allowed(lua_State* L, const std::vector<std::string>& allowed) noexcept {
    const std::vector<std::string> names = names_of_level(L);
    const std::set<std::string_view> known(names.begin(), names.end());
    for (const std::string& name : allowed)
        if (!known.contains(name))
            return "the sandbox's level has no '" + name + "'" +
                   detail::suggestion(name, {names.begin(), names.end()});
    return {};
}

bool contains(const std::vector<std::string>& allowed, std::string_view name) {
    for (const std::string& one : allowed)
        if (one == name) return true;
    return false;
}

// Leaves of the library at `name` what is allowed by its full name.
bool keep_parts(const std::vector<std::string>& allowed, std::string_view library,
                std::string_view part) {
    for (const std::string& one : allowed)
        if (one.size() == library.size() + 1 + part.size() && one.starts_with(library) &&
            one[library.size()] == '.' && one.ends_with(part))
            return true;
    return false;
}

// Fills the table on top with the allowed parts of the one below it; true if there were any.
bool copy_parts(lua_State* L, const std::vector<std::string>& allowed, const char* library) {
    bool any = false;
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
        if (lua_type(L, -2) == LUA_TSTRING && keep_parts(allowed, library, lua_tostring(L, -2))) {
            any = true;
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4);
        } else {
            lua_pop(L, 1);
        }
    }
    return any;
}

void keep_allowed(lua_State* L, const std::vector<std::string>& allowed) {
    lua_newtable(L);  // the kept globals
    const int kept = lua_gettop(L);
    lua_pushglobaltable(L);
    const int globals = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, globals) != 0) {
        const char* name = lua_tostring(L, -2);
        if (contains(allowed, name)) {
            lua_setfield(L, kept, name);
            continue;
        }
        if (lua_istable(L, -1) && !lua_rawequal(L, -1, globals)) {
            lua_newtable(L);
            if (copy_parts(L, allowed, name))
                lua_setfield(L, kept, name);
            else
                lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    while (lua_next(L, globals) != 0) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, globals);
    }
    lua_pushnil(L);
    while (lua_next(L, kept) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, globals);
    }
    // Methods of strings are those of the library as it is now.
    lua_pushliteral(L, "");
    if (lua_getmetatable(L, -1)) {
        if (lua_getfield(L, globals, "string") != LUA_TTABLE) {
            lua_pop(L, 1);
            lua_newtable(L);
        }
        lua_setfield(L, -2, "__index");
    }
    lua_settop(L, kept - 1);
}

}  // namespace

void open_sandbox(lua_State* L, const Sandbox& sandbox) {
    if (sandbox.level == Sandbox::Level::strict && !forbid_weak_tables(L))
        luaL_error(L, "this build of Lua could make tables weak; build with Lua 5.4.4 to 5.4.8");
    open_strict_base(L);
    open_strict_string(L);
    open_strict_table(L);
    open_strict_math(L);
    open_strict_coroutine(L);
    lua_settop(L, 0);
    if (sandbox.level != Sandbox::Level::strict) relax(L, sandbox.level == Sandbox::Level::trusted);
    if (sandbox.allowed.empty()) return;
    context(L).message = check_allowed(L, sandbox.allowed);
    if (!context(L).message.empty()) raise(L, "%s", context(L).message.c_str());
    keep_allowed(L, sandbox.allowed);
}

}  // namespace script
}  // namespace canon
