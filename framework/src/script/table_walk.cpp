#include "script/table_walk.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "script/key_order.hpp"
#include "script/raise.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

// A walk is a userdata: this header, then `count` keys in order. Keys 1..dense come first and are
// not listed, so that the walk of a sequence needs no list. The strings of the list are kept alive
// as user values, or, where they are many, in a table that is the first user value.
struct Walk {
    lua_Integer dense;
    lua_Integer position;  // how many keys have been given, of dense + count
    std::uint32_t count;
    bool strings_in_table;

    OrderedKey* keys() noexcept { return reinterpret_cast<OrderedKey*>(this + 1); }
};
static_assert(sizeof(Walk) % alignof(OrderedKey) == 0);

// Tables with at most so many keys besides 1..dense are collected in one pass, on the Lua stack.
constexpr int kFewKeys = 40;
constexpr int kMaxUserValues = 60000;  // Lua's limit is 65535

Walk& walk_at(lua_State* L, int index) { return *static_cast<Walk*>(lua_touserdata(L, index)); }

Walk* new_walk(lua_State* L, std::uint32_t count, int user_values) {
    Walk* walk = static_cast<Walk*>(
        lua_newuserdatauv(L, sizeof(Walk) + count * sizeof(OrderedKey), user_values));
    *walk = Walk{0, 0, count, false};
    return walk;
}

struct FewKeys {
    lua_Integer dense = 0;
    int count = 0;
    OrderedKey keys[kFewKeys];
};

// Reads the keys, leaving the strings among them on the stack, numbered by their slots from 1.
// Returns false, with the stack as it was, where they are too many.
bool collect_few(lua_State* L, int table, FewKeys& few) {
    const int top = lua_gettop(L);
    luaL_checkstack(L, kFewKeys + 8, "too many keys");
    std::uint32_t strings = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (few.count == 0 && lua_isinteger(L, -1) && lua_tointeger(L, -1) == few.dense + 1) {
            ++few.dense;
            continue;
        }
        if (few.count == kFewKeys) {
            lua_settop(L, top);
            return false;
        }
        OrderedKey& key = few.keys[few.count++];
        key = read_key(L, -1);
        if (key.kind == OrderedKey::string) {
            key.slot = ++strings;
            lua_pushvalue(L, -1);
        }
    }
    // Rare: a key that belongs before or between 1..dense.
    for (int i = 0; i < few.count; ++i) {
        if (few.dense > 0 && !comes_before(integer_key(few.dense), few.keys[i])) {
            lua_settop(L, top);
            return false;
        }
    }
    return true;
}

// The keys lie in the frame of this function and not of push_walk, whose metamethods and handlers
// may nest deeply.
[[gnu::noinline]] bool push_walk_of_few(lua_State* L, int table) {
    FewKeys few;
    if (!collect_few(L, table, few)) return false;
    std::sort(few.keys, few.keys + few.count, comes_before);
    int strings = 0;
    for (int i = 0; i < few.count; ++i) strings += few.keys[i].kind == OrderedKey::string;
    const int first_string = lua_gettop(L) - strings;
    Walk* walk = new_walk(L, static_cast<std::uint32_t>(few.count), strings);
    walk->dense = few.dense;
    std::memcpy(walk->keys(), few.keys, static_cast<std::size_t>(few.count) * sizeof(OrderedKey));
    for (int slot = 1; slot <= strings; ++slot) {
        lua_pushvalue(L, first_string + slot);
        lua_setiuservalue(L, -2, slot);
    }
    if (strings > 0) {
        lua_replace(L, first_string + 1);
        lua_settop(L, first_string + 1);
    }
    charge(L, few.dense + 4 * few.count);
    return true;
}

struct KeyCounts {
    std::uint32_t keys = 0;
    std::uint32_t strings = 0;
};

KeyCounts count_keys(lua_State* L, int table) {
    KeyCounts counts;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        ++counts.keys;
        if (lua_type(L, -1) == LUA_TSTRING) ++counts.strings;
    }
    return counts;
}

void push_walk_of_many(lua_State* L, int table) {
    const KeyCounts counts = count_keys(L, table);
    charge(L, std::int64_t{counts.keys} * (2 + std::bit_width(counts.keys)));
    const bool in_table = counts.strings > kMaxUserValues;
    Walk* walk = new_walk(L, counts.keys, in_table ? 1 : static_cast<int>(counts.strings));
    const int at = lua_gettop(L);
    walk->strings_in_table = in_table;
    if (in_table) {
        lua_createtable(L, static_cast<int>(counts.strings), 0);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, at, 1);
    }
    OrderedKey* key = walk->keys();
    std::uint32_t strings = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        *key = read_key(L, -1);
        if (key->kind == OrderedKey::string) {
            key->slot = ++strings;
            lua_pushvalue(L, -1);
            if (in_table)
                lua_rawseti(L, at + 1, strings);
            else
                lua_setiuservalue(L, at, static_cast<int>(strings));
        }
        ++key;
    }
    // Keys differ from each other, so a sort that is not stable has one result.
    std::sort(walk->keys(), key, comes_before);
    lua_settop(L, at);
}

void push_listed_key(lua_State* L, int walk_index, Walk& walk, const OrderedKey& key) {
    switch (key.kind) {
        case OrderedKey::integer:
            lua_pushinteger(L, key.as_integer());
            break;
        case OrderedKey::number:
            lua_pushnumber(L, key.as_number());
            break;
        case OrderedKey::string:
            if (walk.strings_in_table) {
                lua_getiuservalue(L, walk_index, 1);
                lua_rawgeti(L, -1, key.slot);
                lua_remove(L, -2);
            } else {
                lua_getiuservalue(L, walk_index, static_cast<int>(key.slot));
            }
            break;
        default:
            lua_pushboolean(L, key.kind == OrderedKey::yes);
            break;
    }
}

// Whether key number `position`, counted from 0, comes before `key`.
bool is_before(Walk& walk, lua_Integer position, const OrderedKey& key) {
    return comes_before(
        position < walk.dense ? integer_key(position + 1) : walk.keys()[position - walk.dense],
        key);
}

}  // namespace

void push_walk(lua_State* L, int table) {
    table = lua_absindex(L, table);
    if (!push_walk_of_few(L, table)) push_walk_of_many(L, table);
}

bool step_walk(lua_State* L, int walk_index, int table) {
    Walk& walk = walk_at(L, walk_index);
    for (;;) {
        if (walk.position < walk.dense) {
            const lua_Integer key = ++walk.position;
            lua_pushinteger(L, key);
            if (lua_rawgeti(L, table, key) != LUA_TNIL) return true;
        } else {
            const lua_Integer listed = walk.position - walk.dense;
            if (listed == walk.count) return false;
            ++walk.position;
            push_listed_key(L, walk_index, walk, walk.keys()[listed]);
            lua_pushvalue(L, -1);
            if (lua_rawget(L, table) != LUA_TNIL) return true;
        }
        lua_pop(L, 2);
    }
}

void rewind_walk(lua_State* L, int walk) { walk_at(L, walk).position = 0; }

void seek_walk(lua_State* L, int walk_index, int key_index) {
    Walk& walk = walk_at(L, walk_index);
    const OrderedKey key = read_key(L, key_index);
    lua_Integer begin = 0;
    lua_Integer end = walk.dense + walk.count;
    while (begin < end) {  // the first position that does not come before the key
        const lua_Integer middle = begin + (end - begin) / 2;
        if (is_before(walk, middle, key))
            begin = middle + 1;
        else
            end = middle;
    }
    const bool found = begin < walk.dense + walk.count &&
                       !comes_before(key, begin < walk.dense ? integer_key(begin + 1)
                                                             : walk.keys()[begin - walk.dense]);
    walk.position = begin + (found ? 1 : 0);
}

bool walk_stands_at(lua_State* L, int walk_index, int key_index) {
    Walk& walk = walk_at(L, walk_index);
    if (walk.position == 0) return false;
    if (walk.position <= walk.dense)
        return lua_isinteger(L, key_index) && lua_tointeger(L, key_index) == walk.position;
    push_listed_key(L, walk_index, walk, walk.keys()[walk.position - walk.dense - 1]);
    const bool equal = lua_rawequal(L, -1, key_index) != 0;
    lua_pop(L, 1);
    return equal;
}

bool push_first(lua_State* L, int table) {
    table = lua_absindex(L, table);
    OrderedKey best{};
    std::int64_t count = 0;
    lua_pushnil(L);  // the best key so far
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        const OrderedKey key = read_key(L, -1);
        if (count++ == 0 || comes_before(key, best)) {
            best = key;
            lua_copy(L, -1, -2);
        }
    }
    charge(L, count);
    if (count == 0) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    return true;
}

}  // namespace canon::script
