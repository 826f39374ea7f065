// Key order: the canonical order of table keys: numbers ascending, then strings bytewise, then
// false, true.
//
// Reference keys (tables, functions, coroutines, userdata) have no order that holds on every
// machine. A program that asks for arena order has them last, by their place in the arena: the same
// wherever exact mode holds.
#pragma once
#include <cstdint>

#include "script/lua.hpp"

namespace canon::script {

/// A key as it is compared: trivially copyable, 24 bytes. Borrows the bytes of a string, which its
/// reader keeps alive.
struct OrderedKey {
    enum Kind : std::uint8_t { integer, number, string, no, yes, reference };

    std::uint64_t bits;       ///< the integer, the float's bits, the string's first 8 bytes, the
                              ///< first one highest, or the object's place in the arena
    const char* text;         ///< of a string; else the object
    std::uint32_t slot;       ///< for the owner's use: where it keeps the string or object
    std::uint32_t size : 29;  ///< of a string, in bytes, at most kMaxKeyBytes
    std::uint32_t kind : 3;

    std::int64_t as_integer() const noexcept { return static_cast<std::int64_t>(bits); }
    double as_number() const noexcept;
};

inline constexpr std::size_t kMaxKeyBytes = (std::size_t{1} << 29) - 1;

[[noreturn]] void refuse_long_key(lua_State* L);

OrderedKey integer_key(std::int64_t number) noexcept;

/// The key at `index`. Floats that are whole count as integers, as Lua normalises them in tables.
/// Fails: raises "unordered key" where the value has no order.
OrderedKey read_key(lua_State* L, int index);

/// read_key of what is known to be a string.
inline OrderedKey read_string_key(lua_State* L, int index);

/// A strict total order, whatever `bits` of strings hold.
bool comes_before_by_text(const OrderedKey& a, const OrderedKey& b) noexcept;

/// The same of keys whose strings, if their beginnings are alike up to some byte, have in `bits`
/// the 8 bytes from there.
inline bool comes_before(const OrderedKey& a, const OrderedKey& b) noexcept {
    if (a.kind == OrderedKey::string && b.kind == OrderedKey::string && a.bits != b.bits) [[likely]]
        return a.bits < b.bits;
    return comes_before_by_text(a, b);
}

/// Whether a < b, exactly: a conversion would make some integers equal to a float that they are
/// not.
bool integer_is_less(std::int64_t a, double b) noexcept;
bool number_is_less(double a, std::int64_t b) noexcept;

/// The first 8 bytes of a string as a number that compares as they do; shorter strings count as if
/// zeros followed.
std::uint64_t leading_bytes(const char* text, std::size_t size) noexcept;

/// Whether one string comes bytewise before another; a string comes after its beginnings.
bool bytes_are_less(const char* a, std::size_t a_size, const char* b, std::size_t b_size) noexcept;

OrderedKey read_string_key(lua_State* L, int index) {
    std::size_t size;
    const char* text = lua_tolstring(L, index, &size);
    if (size > kMaxKeyBytes) refuse_long_key(L);
    return {leading_bytes(text, size), text, 0, static_cast<std::uint32_t>(size),
            OrderedKey::string};
}

}  // namespace canon::script
