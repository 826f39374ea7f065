#include "script/table_shape.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace canon::script {
namespace {

// Parts of Lua's Table and TValue.
constexpr std::size_t kArraySize = 12;  // Table.alimit: at most the size of the array part
constexpr std::size_t kArray = 16;      // Table.array: values with their tags
constexpr std::size_t kLastFree = 32;   // Table.lastfree: null where there is no hash part
constexpr std::size_t kValueBytes = 16;
constexpr std::size_t kTag = 8;
constexpr unsigned kTypeOfTag = 0x0f;  // 0 for nil and for each kind of an absent value

std::atomic<bool> layout_is_known{false};

template <class Part>
Part read(const void* object, std::size_t offset) {
    Part part;
    std::memcpy(&part, static_cast<const char*>(object) + offset, sizeof part);
    return part;
}

bool has_no_hash_part(const void* table) { return read<const void*>(table, kLastFree) == nullptr; }

lua_Integer count_filled(const void* table) {
    const std::uint32_t size = read<std::uint32_t>(table, kArraySize);
    const char* array = read<const char*>(table, kArray);  // null where the size is 0
    const auto is_filled = [array](std::uint32_t i) {
        const char tag = array[std::size_t{i} * kValueBytes + kTag];
        return (static_cast<unsigned char>(tag) & kTypeOfTag) != 0;
    };
    std::uint32_t filled = 0;
    while (filled < size && is_filled(filled)) ++filled;
    return filled;
}

void push_value_of_kind(lua_State* L, int kind) {
    switch (kind % 6) {
        case 0:
            lua_pushboolean(L, 0);
            break;
        case 1:
            lua_pushinteger(L, 0);
            break;
        case 2:
            lua_pushnumber(L, 0.5);
            break;
        case 3:
            lua_pushlstring(L, "", 0);
            break;
        case 4:
            lua_pushlightuserdata(L, nullptr);
            break;
        default:
            lua_pushvalue(L, -1);
            break;  // the table itself
    }
}

// Makes a table of elements 1..size, with `hole` taken out again if it is one of them and, if asked
// for, a string key.
bool looks_right(lua_State* L, int size, int hole, bool has_name) {
    lua_createtable(L, size, has_name ? 1 : 0);
    for (int i = 1; i <= size; ++i) {
        push_value_of_kind(L, i);
        lua_rawseti(L, -2, i);
    }
    if (hole >= 1 && hole <= size) {
        lua_pushnil(L);
        lua_rawseti(L, -2, hole);
    }
    if (has_name) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "name");
    }
    const void* table = lua_topointer(L, -1);
    const bool right = read<std::uint32_t>(table, kArraySize) == static_cast<std::uint32_t>(size) &&
                       has_no_hash_part(table) == !has_name &&
                       count_filled(table) == (hole >= 1 && hole <= size ? hole - 1 : size);
    lua_pop(L, 1);
    return right;
}

}  // namespace

void open_table_shape(lua_State* L) {
    bool right = true;
    for (const int size : {0, 1, 3, 8, 13})
        for (const int hole : {0, 1, 3, 12})
            for (const bool has_name : {false, true})
                right = looks_right(L, size, hole, has_name) && right;
    layout_is_known.store(right, std::memory_order_relaxed);
}

bool is_array_only(lua_State* L, int index) {
    return layout_is_known.load(std::memory_order_relaxed) &&
           has_no_hash_part(lua_topointer(L, index));
}

lua_Integer filled_length(lua_State* L, int index) {
    return layout_is_known.load(std::memory_order_relaxed) ? count_filled(lua_topointer(L, index))
                                                           : 0;
}

bool push_table_at(lua_State* L, const void* table) {
    if (!layout_is_known.load(std::memory_order_relaxed)) return false;
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -2, 1);  // the tag of a table; its address is then replaced
    std::memcpy(read<char*>(lua_topointer(L, -1), kArray), &table, sizeof table);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    return true;
}

}  // namespace canon::script
