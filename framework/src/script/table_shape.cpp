#include "script/table_shape.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>

namespace canon::script {
namespace {

// Table.lastfree: null where there is no hash part.
constexpr std::size_t kLastFree = 32;

std::atomic<bool> layout_is_known{false};

bool has_no_hash_part(lua_State* L, int index) {
    const void* last_free;
    std::memcpy(&last_free, static_cast<const char*>(lua_topointer(L, index)) + kLastFree,
                sizeof last_free);
    return last_free == nullptr;
}

// Makes a table with `elements` integer keys and, if `has_name`, a string key, and looks at it.
bool looks_right(lua_State* L, int elements, bool has_name) {
    lua_createtable(L, elements, has_name ? 1 : 0);
    for (int i = 1; i <= elements; ++i) {
        lua_pushboolean(L, 1);
        lua_rawseti(L, -2, i);
    }
    if (has_name) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "name");
    }
    const bool right = has_no_hash_part(L, -1) == !has_name;
    lua_pop(L, 1);
    return right;
}

}  // namespace

void open_table_shape(lua_State* L) {
    bool right = true;
    for (const int elements : {0, 1, 3, 8})
        for (const bool has_name : {false, true})
            right = looks_right(L, elements, has_name) && right;
    layout_is_known.store(right, std::memory_order_relaxed);
}

bool is_array_only(lua_State* L, int index) {
    return layout_is_known.load(std::memory_order_relaxed) && has_no_hash_part(L, index);
}

}  // namespace canon::script
