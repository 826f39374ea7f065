// Tables: stock Lua's functions with every step counted, and a sort whose comparisons follow from
// the list alone.
//
// Metamethods are honoured as in stock Lua. A `__len` that lies costs work for each step it leads
// to, so the run's limit on work ends it.
#include "script/list_sort.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

enum Access : unsigned { kRead = 1, kWrite = 2, kLength = 4 };

bool has_field(lua_State* L, const char* name) {
    push_string(L, name);
    const bool found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    return found;
}

// Raises unless the argument is a table or has the metamethods to act as one.
void check_list(lua_State* L, int argument, unsigned access) {
    if (lua_type(L, argument) == LUA_TTABLE) return;
    if (lua_getmetatable(L, argument)) {
        const bool works = ((access & kRead) == 0 || has_field(L, "__index")) &&
                           ((access & kWrite) == 0 || has_field(L, "__newindex")) &&
                           ((access & kLength) == 0 || has_field(L, "__len"));
        lua_pop(L, 1);
        if (works) return;
    }
    luaL_checktype(L, argument, LUA_TTABLE);
}

lua_Integer checked_length(lua_State* L, int argument, unsigned access) {
    check_list(L, argument, access | kLength);
    return luaL_len(L, argument);
}

int table_insert(lua_State* L) {
    lua_Integer end = luaL_intop(+, checked_length(L, 1, kRead | kWrite), 1);
    lua_Integer position = end;
    switch (lua_gettop(L)) {
        case 2:
            break;
        case 3:
            position = luaL_checkinteger(L, 2);
            luaL_argcheck(L,
                          static_cast<lua_Unsigned>(position) - 1u < static_cast<lua_Unsigned>(end),
                          2, "position out of bounds");
            for (lua_Integer i = end; i > position; --i) {
                charge(L, kElementWork);
                lua_geti(L, 1, i - 1);
                lua_seti(L, 1, i);
            }
            break;
        default:
            raise(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, position);
    return 0;
}

int table_remove(lua_State* L) {
    const lua_Integer size = checked_length(L, 1, kRead | kWrite);
    lua_Integer position = luaL_optinteger(L, 2, size);
    if (position != size)
        luaL_argcheck(L,
                      static_cast<lua_Unsigned>(position) - 1u <= static_cast<lua_Unsigned>(size),
                      2, "position out of bounds");
    lua_geti(L, 1, position);
    for (; position < size; ++position) {
        charge(L, kElementWork);
        lua_geti(L, 1, position + 1);
        lua_seti(L, 1, position);
    }
    lua_pushnil(L);
    lua_seti(L, 1, position);
    return 1;
}

int table_move(lua_State* L) {
    const lua_Integer first = luaL_checkinteger(L, 2);
    const lua_Integer last = luaL_checkinteger(L, 3);
    const lua_Integer to = luaL_checkinteger(L, 4);
    const int target = lua_isnoneornil(L, 5) ? 1 : 5;
    check_list(L, 1, kRead);
    check_list(L, target, kWrite);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3,
                      "too many elements to move");
        const lua_Integer count = last - first + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        const bool is_apart =
            to > last || to <= first || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ));
        for (lua_Integer step = 0; step < count; ++step) {
            const lua_Integer i = is_apart ? step : count - 1 - step;
            charge(L, kElementWork);
            lua_geti(L, 1, first + i);
            lua_seti(L, target, to + i);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

void add_element(lua_State* L, luaL_Buffer* text, lua_Integer i, std::size_t& total) {
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1))
        raise(L, "invalid value (a %s at index %I) in table for 'concat'", luaL_typename(L, -1),
              static_cast<LUAI_UACINT>(i));
    std::size_t size;
    lua_tolstring(L, -1, &size);
    total += size;
    if (total > kMaxStringBytes) raise(L, "table.concat: the result would be longer than 64 MiB");
    charge(L, kElementWork + static_cast<std::int64_t>(size / 16));
    luaL_addvalue(text);
}

int table_concat(lua_State* L) {
    lua_Integer last = checked_length(L, 1, kRead);
    std::size_t separator_size;
    const char* separator = luaL_optlstring(L, 2, "", &separator_size);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    last = luaL_optinteger(L, 4, last);
    std::size_t total = 0;
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (; i < last; ++i) {
        add_element(L, &text, i, total);
        total += separator_size;
        luaL_addlstring(&text, separator, separator_size);
    }
    if (i == last) add_element(L, &text, i, total);
    luaL_pushresult(&text);
    return 1;
}

int table_pack(lua_State* L) {
    const int count = lua_gettop(L);
    charge(L, count);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; --i) lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

// Far below where Lua's own stack ends, which differs between patch releases.
constexpr lua_Unsigned kMaxUnpacked = 100'000;

int table_unpack(lua_State* L) {
    const lua_Integer first = luaL_optinteger(L, 2, 1);
    const lua_Integer last = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
    if (first > last) return 0;
    const lua_Unsigned count = static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first);
    if (count >= kMaxUnpacked || !lua_checkstack(L, static_cast<int>(count) + 1))
        raise(L, "too many results to unpack (the limit is 100000)");
    charge(L, static_cast<std::int64_t>(count));
    for (lua_Unsigned i = 0; i <= count; ++i) lua_geti(L, 1, first + static_cast<lua_Integer>(i));
    return static_cast<int>(count) + 1;
}

int table_sort(lua_State* L) {
    const lua_Integer size = checked_length(L, 1, kRead | kWrite);
    if (size < 2) return 0;
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    sort_list(L, size);
    return 0;
}

constexpr luaL_Reg kFunctions[] = {
    {"concat", table_concat}, {"insert", table_insert}, {"move", table_move},
    {"pack", table_pack},     {"remove", table_remove}, {"sort", table_sort},
    {"unpack", table_unpack}, {nullptr, nullptr},
};

}  // namespace

void open_strict_table(lua_State* L) {
    lua_createtable(L, 0, 8);
    set_functions(L, kFunctions);
    lua_setglobal(L, "table");
}

}  // namespace canon::script
