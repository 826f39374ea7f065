#include "script/lib_utf8.hpp"

#include <algorithm>
#include <cstdint>

#include "script/raise.hpp"
#include "script/strict_library.hpp"

namespace canon::script {
namespace {

// Without `lax` a code point is what Unicode has: up to 10FFFF and no surrogate.
constexpr std::uint32_t kMaxUnicode = 0x10ffff;
constexpr std::uint32_t kMaxLax = 0x7fffffff;
constexpr char kInvalid[] = "invalid UTF-8 code";

bool is_continuation(const char* at) { return (static_cast<unsigned char>(*at) & 0xc0) == 0x80; }

// Decodes one character and returns the place behind it, or null where it is malformed, overlong,
// or not in Unicode. A Lua string ends with a zero byte, which is no continuation, so nothing
// behind it is read.
const char* decode(const char* at, bool strict, std::uint32_t* code) {
    static constexpr std::uint32_t kLeast[] = {~std::uint32_t{0}, 0x80,     0x800,
                                               0x10000,           0x200000, 0x4000000};
    std::uint32_t lead = static_cast<unsigned char>(*at);
    std::uint32_t value = lead;
    if (lead >= 0x80) {
        int count = 0;
        value = 0;
        for (; (lead & 0x40) != 0; lead <<= 1) {
            ++count;
            if (!is_continuation(at + count)) return nullptr;
            value = value << 6 | (static_cast<unsigned char>(at[count]) & 0x3f);
        }
        value |= (lead & 0x7f) << (count * 5);
        if (count > 5 || value > kMaxLax || value < kLeast[count]) return nullptr;
        at += count;
    }
    if (strict && (value > kMaxUnicode || (value >= 0xd800 && value <= 0xdfff))) return nullptr;
    if (code != nullptr) *code = value;
    return at + 1;
}

// The place that a relative position means: negative ones count from the end.
lua_Integer absolute_position(lua_Integer position, std::size_t size) {
    if (position >= 0) return position;
    if (0u - static_cast<std::size_t>(position) > size) return 0;
    return static_cast<lua_Integer>(size) + position + 1;
}

int utf8_len(lua_State* L) {
    std::size_t size;
    const char* text = luaL_checklstring(L, 1, &size);
    lua_Integer at = absolute_position(luaL_optinteger(L, 2, 1), size);
    lua_Integer last = absolute_position(luaL_optinteger(L, 3, -1), size);
    const bool strict = !lua_toboolean(L, 4);
    const lua_Integer end = static_cast<lua_Integer>(size);
    luaL_argcheck(L, at >= 1 && --at <= end, 2, "initial position out of bounds");
    luaL_argcheck(L, --last < end, 3, "final position out of bounds");
    if (last >= at) charge_scan(L, static_cast<std::size_t>(last - at));
    lua_Integer count = 0;
    while (at <= last) {
        const char* next = decode(text + at, strict, nullptr);
        if (next == nullptr) {
            luaL_pushfail(L);
            lua_pushinteger(L, at + 1);
            return 2;
        }
        at = next - text;
        ++count;
    }
    lua_pushinteger(L, count);
    return 1;
}

constexpr lua_Integer kMaxResults = 100'000;

int utf8_codepoint(lua_State* L) {
    std::size_t size;
    const char* text = luaL_checklstring(L, 1, &size);
    const lua_Integer first = absolute_position(luaL_optinteger(L, 2, 1), size);
    const lua_Integer last = absolute_position(luaL_optinteger(L, 3, first), size);
    const bool strict = !lua_toboolean(L, 4);
    luaL_argcheck(L, first >= 1, 2, "out of bounds");
    luaL_argcheck(L, last <= static_cast<lua_Integer>(size), 3, "out of bounds");
    if (first > last) return 0;
    const lua_Integer most = last - first + 1;
    if (most > kMaxResults || !lua_checkstack(L, static_cast<int>(most)))
        raise(L, "string slice too long (the limit is 100000 bytes)");
    charge(L, most);
    int count = 0;
    for (const char* at = text + first - 1; at < text + last; ++count) {
        std::uint32_t code;
        at = decode(at, strict, &code);
        if (at == nullptr) raise(L, kInvalid);
        lua_pushinteger(L, code);
    }
    return count;
}

// Writes the code's bytes from the end of the 8-byte `out` backwards and returns their number.
int encode(char* out, std::uint32_t code) {
    if (code < 0x80) {
        out[7] = static_cast<char>(code);
        return 1;
    }
    int count = 1;
    std::uint32_t first_max = 0x3f;  // what fits into the first byte
    do {
        out[8 - count++] = static_cast<char>(0x80 | (code & 0x3f));
        code >>= 6;
        first_max >>= 1;
    } while (code > first_max);
    out[8 - count] = static_cast<char>((~first_max << 1) | code);
    return count;
}

int utf8_char(lua_State* L) {
    const int count = lua_gettop(L);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (int i = 1; i <= count; ++i) {
        const lua_Unsigned code = static_cast<lua_Unsigned>(luaL_checkinteger(L, i));
        luaL_argcheck(L, code <= kMaxLax, i, "value out of range");
        char bytes[8];
        const int used = encode(bytes, static_cast<std::uint32_t>(code));
        luaL_addlstring(&out, bytes + 8 - used, static_cast<std::size_t>(used));
    }
    luaL_pushresult(&out);
    return 1;
}

int utf8_offset(lua_State* L) {
    std::size_t size;
    const char* text = luaL_checklstring(L, 1, &size);
    lua_Integer count = luaL_checkinteger(L, 2);
    const lua_Integer end = static_cast<lua_Integer>(size);
    lua_Integer at = absolute_position(luaL_optinteger(L, 3, count >= 0 ? 1 : end + 1), size);
    luaL_argcheck(L, at >= 1 && --at <= end, 3, "position out of bounds");
    const lua_Integer begin = at;
    if (count == 0) {
        while (at > 0 && is_continuation(text + at)) --at;
    } else {
        if (is_continuation(text + at)) raise(L, "initial position is a continuation byte");
        if (count < 0) {
            while (count < 0 && at > 0) {
                do --at;
                while (at > 0 && is_continuation(text + at));
                ++count;
            }
        } else {
            --count;
            while (count > 0 && at < end) {
                do ++at;
                while (is_continuation(text + at));
                --count;
            }
        }
    }
    charge_scan(L, static_cast<std::size_t>(at > begin ? at - begin : begin - at));
    if (count == 0)
        lua_pushinteger(L, at + 1);
    else
        luaL_pushfail(L);
    return 1;
}

// 5.4.4 skips continuation bytes that follow no character; 5.4.3 and 5.4.5 raise, and so does this.
template <bool kStrict>
int next_of_codes(lua_State* L) {
    std::size_t size;
    const char* text = luaL_checklstring(L, 1, &size);
    lua_Unsigned at = static_cast<lua_Unsigned>(lua_tointeger(L, 2));
    if (at < size) {
        while (is_continuation(text + at)) ++at;
    }
    if (at >= size) return 0;
    std::uint32_t code;
    const char* next = decode(text + at, kStrict, &code);
    if (next == nullptr || is_continuation(next)) raise(L, kInvalid);
    lua_pushinteger(L, static_cast<lua_Integer>(at + 1));
    lua_pushinteger(L, code);
    return 2;
}

// Upvalues: the iterator for strict text, the one for lax text.
int utf8_codes(lua_State* L) {
    const char* text = luaL_checkstring(L, 1);
    if (is_continuation(text)) raise(L, kInvalid);
    lua_pushvalue(L, lua_upvalueindex(lua_toboolean(L, 2) ? 2 : 1));
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

constexpr luaL_Reg kFunctions[] = {
    {"char", utf8_char}, {"codepoint", utf8_codepoint}, {"len", utf8_len}, {"offset", utf8_offset},
    {nullptr, nullptr},
};

constexpr char kCharacterPattern[] = "[\0-\x7F\xC2-\xFD][\x80-\xBF]*";

}  // namespace

void open_strict_utf8(lua_State* L) {
    lua_createtable(L, 0, 8);
    set_functions(L, kFunctions);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, next_of_codes<true>, 1);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, next_of_codes<false>, 1);
    lua_pushcclosure(L, utf8_codes, 2);
    lua_setfield(L, -2, "codes");
    lua_pushlstring(L, kCharacterPattern, sizeof kCharacterPattern - 1);
    lua_setfield(L, -2, "charpattern");
    lua_setglobal(L, "utf8");
}

}  // namespace canon::script
