#include "script/key_order.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "script/raise.hpp"
#include "script/variable_name.hpp"
#include "script/vm_context.hpp"

namespace canon::script {

double OrderedKey::as_number() const noexcept { return std::bit_cast<double>(bits); }

OrderedKey integer_key(std::int64_t number) noexcept {
    return {static_cast<std::uint64_t>(number), nullptr, 0, 0, OrderedKey::integer};
}

namespace {

template <class Word>
std::uint64_t load(const char* text) noexcept {
    Word word;
    std::memcpy(&word, text, sizeof word);
    return word;
}

}  // namespace

std::uint64_t leading_bytes(const char* text, std::size_t size) noexcept {
    if (size >= 8) return __builtin_bswap64(load<std::uint64_t>(text));
    if (size >= 4) {  // two words that overlap
        const std::uint64_t tail = load<std::uint32_t>(text + size - 4) << (8 * (size - 4));
        return __builtin_bswap64(load<std::uint32_t>(text) | tail);
    }
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < size; ++i)
        bytes |= std::uint64_t{static_cast<unsigned char>(text[i])} << (56 - 8 * i);
    return bytes;
}

void refuse_long_key(lua_State* L) { raise(L, "unordered key: a string of more than 512 MiB"); }

namespace {

// The name of the table that the running function was given, in quotes, for a message.
const char* table_name(lua_State* L) noexcept {
    std::string& message = context(L).message;
    message = "this table";
    if (lua_type(L, 1) != LUA_TTABLE) return message.c_str();
    const std::string name = variable_name(L, 1);
    if (!name.empty()) message = "'" + name + "'";
    return message.c_str();
}

[[noreturn]] void refuse_reference(lua_State* L, const char* type) {
    raise(
        L,
        "unordered key: a %s is a key of %s, and the order of such keys differs between machines; "
        "walk numbers, strings or booleans, or a list of these, or call arena_order() in main",
        type, table_name(L));
}

}  // namespace

OrderedKey read_key(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNUMBER: {
            int is_whole;
            const lua_Integer whole = lua_tointegerx(L, index, &is_whole);
            if (is_whole != 0) return integer_key(whole);
            const double number = lua_tonumber(L, index);
            if (number != number) raise(L, "unordered key: NaN is the key of no entry");
            return {std::bit_cast<std::uint64_t>(number), nullptr, 0, 0, OrderedKey::number};
        }
        case LUA_TSTRING:
            return read_string_key(L, index);
        case LUA_TBOOLEAN:
            return {0, nullptr, 0, 0, lua_toboolean(L, index) ? OrderedKey::yes : OrderedKey::no};
        default: {
            const void* const object = lua_topointer(L, index);
            if (!context(L).arena_order || lua_type(L, index) == LUA_TLIGHTUSERDATA)
                refuse_reference(L, luaL_typename(L, index));
            return {reinterpret_cast<std::uintptr_t>(object) & 0xFFFFFFFFu,
                    static_cast<const char*>(object), 0, 0, OrderedKey::reference};
        }
    }
}

bool integer_is_less(std::int64_t a, double b) noexcept {
    if (b >= 0x1p63) return true;
    if (!(b > -0x1p63)) return false;  // also NaN
    return a < static_cast<std::int64_t>(std::ceil(b));
}

bool number_is_less(double a, std::int64_t b) noexcept {
    if (a >= 0x1p63) return false;
    if (!(a >= -0x1p63)) return a == a;
    return static_cast<std::int64_t>(std::floor(a)) < b;
}

bool bytes_are_less(const char* a, std::size_t a_size, const char* b, std::size_t b_size) noexcept {
    const int order = std::memcmp(a, b, std::min(a_size, b_size));
    return order != 0 ? order < 0 : a_size < b_size;
}

bool comes_before_by_text(const OrderedKey& a, const OrderedKey& b) noexcept {
    if (a.kind == OrderedKey::string && b.kind == OrderedKey::string)
        return bytes_are_less(a.text, a.size, b.text, b.size);
    if (a.kind == OrderedKey::integer && b.kind == OrderedKey::integer)
        return a.as_integer() < b.as_integer();
    if (a.kind == OrderedKey::reference && b.kind == OrderedKey::reference) return a.bits < b.bits;
    if (a.kind > OrderedKey::number || b.kind > OrderedKey::number) return a.kind < b.kind;
    if (a.kind == OrderedKey::integer) return integer_is_less(a.as_integer(), b.as_number());
    if (b.kind == OrderedKey::integer) return number_is_less(a.as_number(), b.as_integer());
    return a.as_number() < b.as_number();
}

}  // namespace canon::script
