// Goal: what a release of Lua or a build of it shows to scripts is refused, or known: releases,
// limits, miscompilations, names that make tables weak. Method: ask the Lua that is inside.
#include <boost/test/unit_test.hpp>

#include "script/lua_limits.hpp"
#include "script/lua_probe.hpp"
#include "script/weak_tables.hpp"

using namespace canon;
using namespace canon::script;

namespace {

struct PinnedLua {
    Arena arena{std::size_t{32} << 20, [](void*, bool) {}, nullptr};
    bool pinned = false;
    lua_State* L = new_pinned_state(arena, 1, pinned);

    PinnedLua() {
        BOOST_REQUIRE(L != nullptr);
        luaL_openlibs(L);
    }
    ~PinnedLua() { lua_close(L); }
    std::string run(const std::string& source) {
        if (luaL_dostring(L, source.c_str()) != LUA_OK) {
            lua_settop(L, 0);
            return "error";
        }
        std::string results;
        for (int i = 1; i <= lua_gettop(L); ++i)
            results += (i > 1 ? " " : "") + std::string(luaL_tolstring(L, i, nullptr)),
                lua_pop(L, 1);
        lua_settop(L, 0);
        return results;
    }
};

// More constants than an instruction can name.
std::string with_many_constants(const std::string& source) {
    std::string text = "local k ";
    for (int i = 0; i < 300; ++i) text += "k = 'constant " + std::to_string(i) + "' ";
    return text + source;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(script_lua_limits)

BOOST_AUTO_TEST_CASE(the_release_inside_is_told_by_the_library_and_is_that_of_the_headers) {
    BOOST_TEST("Lua " + lua_release() == LUA_RELEASE);
    BOOST_TEST(why_release_is_refused(LUA_RELEASE, lua_ident) == "");
}

BOOST_AUTO_TEST_CASE(releases_with_which_scripts_would_see_something_else_are_refused) {
    for (const char* release : {"5.4.4", "5.4.5", "5.4.8"}) {
        const std::string name = std::string("Lua ") + release;
        const std::string ident = "$LuaVersion: " + name + "  Copyright (C) $";
        BOOST_TEST(why_release_is_refused(name, ident) == "", release);
        BOOST_TEST(why_release_is_refused("Lua 5.4.6", ident)
                       .starts_with("Lua's headers are of release 5.4.6 and its library is of "),
                   release);
    }
    for (const char* release : {"5.4.0", "5.4.3", "5.4.9", "5.3.6", "5.5.0", "5.4.10"}) {
        const std::string name = std::string("Lua ") + release;
        BOOST_TEST(
            why_release_is_refused(name, name).starts_with("the library is of " + name + ", with"),
            release);
    }
    BOOST_TEST(why_release_is_refused("Lua 5.4.4", "LuaJIT 2.1") != "");
}

BOOST_AUTO_TEST_CASE(nested_calls_are_counted_as_lua_counts_them) {
    PinnedLua lua;
    std::vector<int> depths;
    lua_pushlightuserdata(lua.L, &depths);
    lua_setfield(lua.L, LUA_REGISTRYINDEX, "depths");
    lua_register(lua.L, "look", [](lua_State* L) {
        lua_getfield(L, LUA_REGISTRYINDEX, "depths");
        static_cast<std::vector<int>*>(lua_touserdata(L, -1))->push_back(call_depth(L));
        return 0;
    });
    BOOST_TEST(
        lua.run("look() pcall(look) pcall(pcall, look) coroutine.wrap(function() look() end)() "
                "string.gsub('x', 'x', function() pcall(look) end)") == "");
    BOOST_REQUIRE_EQUAL(depths.size(), 5u);
    const int outside = depths[0];
    for (int& depth : depths) depth -= outside;
    BOOST_TEST(depths == (std::vector{0, 1, 2, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_metatable_makes_a_table_weak_once_that_is_forbidden) {
    constexpr const char* kProgram =
        "local t = setmetatable({}, { __mode = 'kv', __len = function() return 7 end }) t[1] = {} "
        "collectgarbage() return t[1] ~= nil, #t";
    PinnedLua stock;
    BOOST_TEST(stock.run(kProgram) == "false 7");
    PinnedLua forbidden;
    BOOST_REQUIRE(forbid_weak_tables(forbidden.L));
    BOOST_TEST(forbidden.run(kProgram) == "true 7");
}

// These programs are computed wrongly by some releases. A program that has them gives the same on
// every machine with one release, and something else with another.
BOOST_AUTO_TEST_CASE(known_miscompilations_are_those_of_the_release) {
    const std::string release = lua_release();
    PinnedLua lua;
    BOOST_TEST(lua.run("return 1 ~ (2 or 3), 1 | (2 or 3)") == "3 3");
    BOOST_TEST(lua.run(with_many_constants("return (2 or 3) ~ 1, (2 or 3) | 1")) == "3 3");
    BOOST_TEST(lua.run(with_many_constants("return 1 ~ (2 or 3), 1 | (2 or 3)")) ==
               (release < "5.4.5" ? "0 2" : "3 3"));
    BOOST_TEST(lua.run("return _ENV[1 < 2]") == (release < "5.4.8" ? "error" : "nil"));
    BOOST_TEST(lua.run("local e = _ENV return e[1 < 2]") == "nil");
}

BOOST_AUTO_TEST_SUITE_END()
