#include "script/list_sort.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "script/key_order.hpp"
#include "script/merge_sort.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

constexpr int kList = 1;
constexpr int kComparator = 2;

// More would not fit into the memory of any run.
constexpr lua_Integer kMaxSize = lua_Integer{1} << 27;

// A block of memory that the collector owns: an error may skip destructors, but not this. Left on
// the stack.
template <class Item>
Item* new_block(lua_State* L, std::size_t count) {
    return static_cast<Item*>(lua_newuserdatauv(L, count * sizeof(Item), 0));
}

enum class Contents { integers, floats, numbers, strings, others };

Contents contents(lua_State* L, lua_Integer size) {
    if (lua_getmetatable(L, kList)) {
        lua_pop(L, 1);
        return Contents::others;
    }
    bool has_integer = false, has_float = false, has_string = false;
    for (lua_Integer i = 1; i <= size; ++i) {
        const int type = lua_rawgeti(L, kList, i);
        if (type == LUA_TSTRING)
            has_string = true;
        else if (type != LUA_TNUMBER)
            has_integer = has_string = true;  // neither a list of numbers nor one of strings
        else
            (lua_isinteger(L, -1) ? has_integer : has_float) = true;
        lua_pop(L, 1);
        if (has_string && (has_integer || has_float)) return Contents::others;
    }
    if (has_string) return Contents::strings;
    if (has_integer && has_float) return Contents::numbers;
    return has_integer ? Contents::integers : Contents::floats;
}

// ---- lists of numbers or strings alone, in C++ ----

void sort_integers(lua_State* L, std::size_t size) {
    lua_Integer* numbers = new_block<lua_Integer>(L, size);
    for (std::size_t i = 0; i < size; ++i) {
        lua_rawgeti(L, kList, static_cast<lua_Integer>(i) + 1);
        numbers[i] = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    std::sort(numbers, numbers + size);  // equal integers are the same, so stability does not show
    for (std::size_t i = 0; i < size; ++i) {
        lua_pushinteger(L, numbers[i]);
        lua_rawseti(L, kList, static_cast<lua_Integer>(i) + 1);
    }
}

// Also of floats, since 0.0 and -0.0 are equal and yet differ; and of both, since 1 and 1.0 do.
struct Number {
    union {
        lua_Integer integer;
        lua_Number number;
    };
    bool is_integer;
};

bool is_nan(const Number& a) { return !a.is_integer && a.number != a.number; }

bool is_less(const Number& a, const Number& b) {
    if (a.is_integer && b.is_integer) return a.integer < b.integer;
    if (is_nan(a) || is_nan(b)) return !is_nan(a) && is_nan(b);
    if (a.is_integer) return integer_is_less(a.integer, b.number);
    return b.is_integer ? number_is_less(a.number, b.integer) : a.number < b.number;
}

void sort_numbers(lua_State* L, std::size_t size) {
    Number* numbers = new_block<Number>(L, 2 * size);
    for (std::size_t i = 0; i < size; ++i) {
        lua_rawgeti(L, kList, static_cast<lua_Integer>(i) + 1);
        numbers[i].is_integer = lua_isinteger(L, -1);
        if (numbers[i].is_integer)
            numbers[i].integer = lua_tointeger(L, -1);
        else
            numbers[i].number = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    merge_sort(numbers, numbers + size, size, is_less);
    for (std::size_t i = 0; i < size; ++i) {
        numbers[i].is_integer ? lua_pushinteger(L, numbers[i].integer)
                              : lua_pushnumber(L, numbers[i].number);
        lua_rawseti(L, kList, static_cast<lua_Integer>(i) + 1);
    }
}

void sort_floats(lua_State* L, std::size_t size) {
    lua_Number* numbers = new_block<lua_Number>(L, 2 * size);
    std::size_t ordered = 0;
    for (std::size_t i = 0; i < size; ++i) {
        lua_rawgeti(L, kList, static_cast<lua_Integer>(i) + 1);
        const lua_Number number = lua_tonumber(L, -1);
        lua_pop(L, 1);
        if (number == number) numbers[ordered++] = number;
    }
    merge_sort(numbers, numbers + size, ordered, [](lua_Number a, lua_Number b) { return a < b; });
    for (std::size_t i = 0; i < size; ++i) {
        lua_pushnumber(L, i < ordered ? numbers[i] : canonical_nan());
        lua_rawseti(L, kList, static_cast<lua_Integer>(i) + 1);
    }
}

// The list itself keeps the strings alive while they are sorted. Equal strings are the same.
void sort_strings(lua_State* L, std::size_t size) {
    OrderedKey* keys = new_block<OrderedKey>(L, size);
    for (std::size_t i = 0; i < size; ++i) {
        lua_rawgeti(L, kList, static_cast<lua_Integer>(i) + 1);
        keys[i] = read_key(L, -1);
        keys[i].slot = static_cast<std::uint32_t>(i);
        lua_pop(L, 1);
    }
    std::sort(keys, keys + size, comes_before);
    // Each cycle of the permutation is moved round through one value on the stack. A place that is
    // done has itself as slot.
    for (std::size_t start = 0; start < size; ++start) {
        if (keys[start].slot == start) continue;
        lua_rawgeti(L, kList, static_cast<lua_Integer>(start) + 1);
        std::size_t at = start;
        for (;;) {
            const std::size_t from = keys[at].slot;
            keys[at].slot = static_cast<std::uint32_t>(at);
            if (from == start) break;
            lua_rawgeti(L, kList, static_cast<lua_Integer>(from) + 1);
            lua_rawseti(L, kList, static_cast<lua_Integer>(at) + 1);
            at = from;
        }
        lua_rawseti(L, kList, static_cast<lua_Integer>(at) + 1);
    }
}

// ---- any list ----

// Compares elements by their number in the copied list at `copy`.
struct ScriptLess {
    lua_State* L;
    int copy;
    bool has_comparator;

    bool operator()(std::uint32_t a, std::uint32_t b) const {
        charge(L, 2 * kElementWork);
        if (has_comparator) lua_pushvalue(L, kComparator);
        lua_rawgeti(L, copy, a);
        lua_rawgeti(L, copy, b);
        bool less;
        if (has_comparator) {
            lua_call(L, 2, 1);
            less = lua_toboolean(L, -1) != 0;
            lua_pop(L, 1);
        } else {
            less = lua_compare(L, -2, -1, LUA_OPLT) != 0;
            lua_pop(L, 2);
        }
        return less;
    }
};

void sort_others(lua_State* L, std::size_t size, bool has_comparator) {
    luaL_checkstack(L, 8, "too many values");
    check_nesting(L);
    lua_createtable(L, static_cast<int>(size), 0);
    const int copy = lua_gettop(L);
    std::uint32_t* order = new_block<std::uint32_t>(L, 2 * size);
    for (std::size_t i = 0; i < size; ++i) {
        lua_geti(L, kList, static_cast<lua_Integer>(i) + 1);
        lua_rawseti(L, copy, static_cast<lua_Integer>(i) + 1);
        order[i] = static_cast<std::uint32_t>(i) + 1;
    }
    merge_sort(order, order + size, size, ScriptLess{L, copy, has_comparator});
    for (std::size_t i = 0; i < size; ++i) {
        lua_rawgeti(L, copy, order[i]);
        lua_seti(L, kList, static_cast<lua_Integer>(i) + 1);
    }
}

}  // namespace

void sort_list(lua_State* L, lua_Integer size) {
    // Work first: a `__len` may tell any length.
    charge(L, size * kElementWork);
    if (size > kMaxSize) raise(L, "table.sort: the list is too long");
    const std::size_t count = static_cast<std::size_t>(size);
    const bool has_comparator = !lua_isnil(L, kComparator);
    const Contents kind = has_comparator ? Contents::others : contents(L, size);
    if (kind != Contents::others) charge(L, size * std::bit_width(count));
    switch (kind) {
        case Contents::integers:
            return sort_integers(L, count);
        case Contents::floats:
            return sort_floats(L, count);
        case Contents::numbers:
            return sort_numbers(L, count);
        case Contents::strings:
            return sort_strings(L, count);
        case Contents::others:
            return sort_others(L, count, has_comparator);
    }
}

}  // namespace canon::script
