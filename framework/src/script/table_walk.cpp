#include "script/table_walk.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "script/key_order.hpp"
#include "script/strict_library.hpp"
#include "script/table_shape.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

// A walk is a userdata: this header, then `count` keys in order. Keys 1..dense come first and are
// not listed, so that the walk of a sequence needs no list. The strings and objects of the list are
// kept alive as user values, or, where they are many, in a table that is the first user value.
struct Walk {
    const void* table;  // kept alive by the walk's owner
    lua_Integer dense;
    lua_Integer position;  // how many keys have been given, of dense + count
    std::uint32_t count;
    bool objects_in_table;

    OrderedKey* keys() noexcept { return reinterpret_cast<OrderedKey*>(this + 1); }
    const OrderedKey& listed(lua_Integer place) noexcept { return keys()[place - dense]; }
    lua_Integer end() const noexcept { return dense + count; }
};
static_assert(sizeof(Walk) % alignof(OrderedKey) == 0);

// Tables with at most so many keys besides 1..dense are collected in one pass, on the Lua stack.
constexpr int kFewKeys = 40;
constexpr int kMaxUserValues = 60000;  // Lua's limit is 65535

Walk& walk_at(lua_State* L, int index) { return *static_cast<Walk*>(lua_touserdata(L, index)); }

Walk* new_walk(lua_State* L, int table, std::uint32_t count, int user_values) {
    Walk* walk = static_cast<Walk*>(
        lua_newuserdatauv(L, sizeof(Walk) + count * sizeof(OrderedKey), user_values));
    *walk = Walk{lua_topointer(L, table), 0, 0, count, false};
    return walk;
}

// ---- collecting few keys ----

struct FewKeys {
    lua_Integer dense = 0;
    int count = 0;
    int objects = 0;
    OrderedKey keys[kFewKeys];
};

// Whether all listed keys come behind 1..dense, as they mostly do.
bool come_behind_dense(const FewKeys& few) {
    if (few.dense == 0) return true;
    const OrderedKey last = integer_key(few.dense);
    return std::all_of(few.keys, few.keys + few.count,
                       [&](const OrderedKey& key) { return comes_before(last, key); });
}

// Reads the keys, leaving the strings and objects among them on the stack, numbered by their slots
// from 1. Returns false, with the stack as it was, where they are too many.
bool collect_few(lua_State* L, int table, FewKeys& few) {
    const int top = lua_gettop(L);
    luaL_checkstack(L, kFewKeys + 8, "too many keys");
    few.dense = filled_length(L, table);
    few.dense == 0 ? lua_pushnil(L) : lua_pushinteger(L, few.dense);
    while (lua_next(L, table)) {
        const int type = lua_type(L, -2);
        if (type >= LUA_TSTRING && few.count < kFewKeys) {
            OrderedKey& key = few.keys[few.count++];
            key = type == LUA_TSTRING ? read_string_key(L, -2) : read_key(L, -2);
            key.slot = static_cast<std::uint32_t>(++few.objects);
            lua_copy(L, -2, -1);  // the key stays, and again, in place of the value, goes on
            continue;
        }
        lua_pop(L, 1);
        if (few.count == 0 && type == LUA_TNUMBER && lua_isinteger(L, -1) &&
            lua_tointeger(L, -1) == few.dense + 1) {
            ++few.dense;
            continue;
        }
        if (few.count == kFewKeys) {
            lua_settop(L, top);
            return false;
        }
        few.keys[few.count++] = read_key(L, -1);
    }
    if (come_behind_dense(few)) return true;
    lua_settop(L, top);
    return false;
}

void sort_few(FewKeys& few) {
    constexpr int kInsertionSize = 12;
    if (few.count > kInsertionSize) {
        std::sort(few.keys, few.keys + few.count, comes_before);
        return;
    }
    for (int i = 1; i < few.count; ++i) {
        const OrderedKey key = few.keys[i];
        int at = i;
        for (; at > 0 && comes_before(key, few.keys[at - 1]); --at) few.keys[at] = few.keys[at - 1];
        few.keys[at] = key;
    }
}

// The keys lie in the frame of this function, which is left before any metamethod runs.
[[gnu::noinline]] bool push_walk_of_few(lua_State* L, int table) {
    FewKeys few;
    lua_pushnil(L);  // the walk's place, below the strings
    const int at = lua_gettop(L);
    if (!collect_few(L, table, few)) {
        lua_pop(L, 1);
        return false;
    }
    sort_few(few);
    Walk* walk = new_walk(L, table, static_cast<std::uint32_t>(few.count), few.objects);
    walk->dense = few.dense;
    std::memcpy(walk->keys(), few.keys, static_cast<std::size_t>(few.count) * sizeof(OrderedKey));
    lua_replace(L, at);
    for (int slot = few.objects; slot >= 1; --slot) lua_setiuservalue(L, at, slot);
    charge(L, few.dense / 4 + 2 * kElementWork * few.count);
    return true;
}

// ---- collecting many keys ----

struct KeyCounts {
    std::uint32_t keys = 0;
    std::uint32_t objects = 0;
};

KeyCounts count_keys(lua_State* L, int table) {
    KeyCounts counts;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        ++counts.keys;
        if (lua_type(L, -1) >= LUA_TSTRING) ++counts.objects;
    }
    return counts;
}

// Many names differ only at their ends: "entity_1", "entity_2". Compares them from there.
void compare_behind_common_beginning(OrderedKey* keys, OrderedKey* end) {
    const OrderedKey* first = nullptr;
    std::size_t common = 0;
    for (const OrderedKey* key = keys; key != end; ++key) {
        if (key->kind != OrderedKey::string) continue;
        if (first == nullptr) {
            first = key;
            common = key->size;
        }
        const std::size_t size = std::min<std::size_t>(common, key->size);
        common = static_cast<std::size_t>(
            std::mismatch(first->text, first->text + size, key->text).first - first->text);
        if (common == 0) return;
    }
    for (OrderedKey* key = keys; key != end; ++key)
        if (key->kind == OrderedKey::string)
            key->bits = leading_bytes(key->text + common, key->size - common);
}

void push_walk_of_many(lua_State* L, int table) {
    const KeyCounts counts = count_keys(L, table);
    charge(L, counts.keys * (2 * kElementWork + 2 * std::bit_width(counts.keys)));
    const bool in_table = counts.objects > kMaxUserValues;
    Walk* walk = new_walk(L, table, counts.keys, in_table ? 1 : static_cast<int>(counts.objects));
    const int at = lua_gettop(L);
    walk->objects_in_table = in_table;
    if (in_table) {
        lua_createtable(L, static_cast<int>(counts.objects), 0);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, at, 1);
    }
    OrderedKey* key = walk->keys();
    std::uint32_t objects = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        *key = read_key(L, -1);
        if (key->kind == OrderedKey::string || key->kind == OrderedKey::reference) {
            key->slot = ++objects;
            lua_pushvalue(L, -1);
            if (in_table)
                lua_rawseti(L, at + 1, objects);
            else
                lua_setiuservalue(L, at, static_cast<int>(objects));
        }
        ++key;
    }
    compare_behind_common_beginning(walk->keys(), key);
    // Keys differ from each other, so a sort that is not stable has one result.
    std::sort(walk->keys(), key, comes_before);
    lua_settop(L, at);
}

// ---- walking ----

void push_listed_key(lua_State* L, int walk_index, const Walk& walk, const OrderedKey& key) {
    switch (key.kind) {
        case OrderedKey::integer:
            lua_pushinteger(L, key.as_integer());
            break;
        case OrderedKey::number:
            lua_pushnumber(L, key.as_number());
            break;
        case OrderedKey::string:
        case OrderedKey::reference:
            if (walk.objects_in_table) {
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

// Pushes the next key that is still there, and its value.
[[gnu::noinline]] WalkStep push_next(lua_State* L, int walk_index, Walk& walk, int table) {
    while (walk.position < walk.end()) {
        const lua_Integer place = walk.position++;
        if (place < walk.dense) {
            lua_pushinteger(L, place + 1);
            if (lua_rawgeti(L, table, place + 1) != LUA_TNIL) return WalkStep::done;
        } else {
            push_listed_key(L, walk_index, walk, walk.listed(place));
            lua_pushvalue(L, -1);
            if (lua_rawget(L, table) != LUA_TNIL) return WalkStep::done;
        }
        lua_pop(L, 2);
    }
    return WalkStep::ended;
}

// Whether the value at `index`, which is of `type`, is `key`. A string that is equal but another
// object counts as different, which costs the caller some work and nothing else.
bool is_key(lua_State* L, int index, int type, const OrderedKey& key) {
    switch (key.kind) {
        case OrderedKey::string:
            return type == LUA_TSTRING && lua_tolstring(L, index, nullptr) == key.text;
        case OrderedKey::reference:
            return lua_topointer(L, index) == key.text;
        case OrderedKey::integer:
            return lua_isinteger(L, index) && lua_tointeger(L, index) == key.as_integer();
        case OrderedKey::number:
            return type == LUA_TNUMBER && lua_tonumber(L, index) == key.as_number();
        default:
            return type == LUA_TBOOLEAN && lua_toboolean(L, index) == (key.kind == OrderedKey::yes);
    }
}

bool gave_last(lua_State* L, Walk& walk, int key, int type) {
    if (walk.position > walk.dense) return is_key(L, key, type, walk.listed(walk.position - 1));
    return walk.position > 0 && lua_isinteger(L, key) && lua_tointeger(L, key) == walk.position;
}

}  // namespace

void push_walk(lua_State* L, int table) {
    table = lua_absindex(L, table);
    if (!push_walk_of_few(L, table)) push_walk_of_many(L, table);
}

WalkStep step_walk(lua_State* L, int walk_index, int table, int key) {
    Walk& walk = walk_at(L, walk_index);
    if (lua_topointer(L, table) != walk.table) return WalkStep::elsewhere;
    const lua_Integer place = walk.position;
    // In the middle of a sequence, for speed alone. A number given as text will do.
    if (place > 0 && place < walk.dense && lua_tointegerx(L, key, nullptr) == place) {
        walk.position = place + 1;
        lua_pushinteger(L, place + 1);
        if (lua_rawgeti(L, table, place + 1) != LUA_TNIL) return WalkStep::done;
        lua_pop(L, 2);
    } else if (const int type = lua_type(L, key); type <= LUA_TNIL) {
        walk.position = 0;
    } else if (!gave_last(L, walk, key, type)) {
        return WalkStep::elsewhere;
    }
    return push_next(L, walk_index, walk, table);
}

WalkStep seek_walk(lua_State* L, int walk_index, int table, int key_index) {
    Walk& walk = walk_at(L, walk_index);
    const OrderedKey key = read_key(L, key_index);
    lua_Integer begin = 0;
    lua_Integer end = walk.end();
    while (begin < end) {  // the first place whose key comes behind this one
        const lua_Integer middle = begin + (end - begin) / 2;
        const OrderedKey there =
            middle < walk.dense ? integer_key(middle + 1) : walk.listed(middle);
        if (comes_before_by_text(key, there))
            end = middle;
        else
            begin = middle + 1;
    }
    walk.position = begin;
    return push_next(L, walk_index, walk, table);
}

bool push_first(lua_State* L, int table) {
    table = lua_absindex(L, table);
    lua_pushnil(L);
    // The first key of an array part is the least.
    if (is_array_only(L, table)) return lua_next(L, table) != 0;
    OrderedKey best{};
    std::int64_t count = 0;
    lua_pushnil(L);  // where the walk through the table stands; the other one becomes the best key
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        const OrderedKey key = read_key(L, -1);
        if (count++ == 0 || comes_before(key, best)) {
            best = key;
            lua_copy(L, -1, -2);
        }
    }
    charge(L, count * kElementWork);
    if (count == 0) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    return true;
}

}  // namespace canon::script
