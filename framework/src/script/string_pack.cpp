#include "script/string_pack.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "canon/value.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/string_position.hpp"

namespace canon::script {
namespace {

constexpr int kMaxIntegerBytes = 16;
constexpr int kBytesOfInteger = sizeof(lua_Integer);
constexpr unsigned char kPadding = 0;

enum class Kind {
    integer,
    natural,
    float4,
    float8,
    chars,
    string,
    zero_string,
    padding,
    align,
    nothing
};

struct Item {
    Kind kind;
    int size;       // of the item, or of a string's length
    int alignment;  // bytes to skip before it
};

struct Format {
    lua_State* L;
    const char* at;
    bool little = true;
    int max_alignment = 1;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number at the format's place, or -1 where there is none. One that is too large for any use
// stays so.
std::int64_t read_number(Format& format) {
    if (!is_digit(*format.at)) return -1;
    std::int64_t number = 0;
    while (is_digit(*format.at)) {
        if (number <= INT32_MAX) number = number * 10 + (*format.at - '0');
        ++format.at;
    }
    return number;
}

int read_size(Format& format, char option, const char* instead) {
    const std::int64_t size = read_number(format);
    if (size < 0)
        raise(format.L,
              "format option '%c' needs a size here, such as '%s': without one it is the machine's",
              option, instead);
    if (size < 1 || size > kMaxIntegerBytes)
        raise(format.L, "integral size (%I) out of limits [1,%d]", static_cast<LUAI_UACINT>(size),
              kMaxIntegerBytes);
    return static_cast<int>(size);
}

[[noreturn]] void refuse_native(Format& format, char option) {
    raise(format.L,
          "format option '%c' is the machine's and not available: use a size, as in 'i4' or 'I8', "
          "and '<' or '>'",
          option);
}

Item read_option(Format& format) {
    const char option = *format.at++;
    switch (option) {
        case 'b':
            return {Kind::integer, 1, 0};
        case 'B':
            return {Kind::natural, 1, 0};
        case 'h':
            return {Kind::integer, 2, 0};
        case 'H':
            return {Kind::natural, 2, 0};
        case 'j':
            return {Kind::integer, kBytesOfInteger, 0};
        case 'J':
            return {Kind::natural, kBytesOfInteger, 0};
        case 'i':
            return {Kind::integer, read_size(format, option, "i4"), 0};
        case 'I':
            return {Kind::natural, read_size(format, option, "I4"), 0};
        case 'f':
            return {Kind::float4, 4, 0};
        case 'd':
        case 'n':
            return {Kind::float8, 8, 0};
        case 's':
            return {Kind::string, read_size(format, option, "s4"), 0};
        case 'c': {
            const std::int64_t size = read_number(format);
            if (size < 0) raise(format.L, "missing size for format option 'c'");
            if (size > static_cast<std::int64_t>(kMaxStringBytes))
                raise(format.L, "format option 'c' is too long");
            return {Kind::chars, static_cast<int>(size), 0};
        }
        case 'z':
            return {Kind::zero_string, 0, 0};
        case 'x':
            return {Kind::padding, 1, 0};
        case 'X':
            return {Kind::align, 0, 0};
        case ' ':
            break;
        case '<':
            format.little = true;
            break;
        case '>':
            format.little = false;
            break;
        case '!':
            format.max_alignment = read_size(format, option, "!8");
            break;
        case 'l':
        case 'L':
        case 'T':
        case '=':
            refuse_native(format, option);
        default:
            raise(format.L, "invalid format option '%c'", option);
    }
    return {Kind::nothing, 0, 0};
}

bool is_aligned(Kind kind) {
    return kind == Kind::integer || kind == Kind::natural || kind == Kind::float4 ||
           kind == Kind::float8;
}

// The next item, with what has to be skipped so that it lies aligned behind `total` bytes.
Item read_item(Format& format, std::size_t total) {
    Item item = read_option(format);
    int boundary = is_aligned(item.kind) ? item.size : 0;
    if (item.kind == Kind::align) {
        Item next{Kind::nothing, 0, 0};
        if (*format.at != '\0') next = read_option(format);
        // A string's length and a byte of padding count here, though themselves not aligned.
        const bool counts =
            is_aligned(next.kind) || next.kind == Kind::string || next.kind == Kind::padding;
        boundary = counts ? next.size : 0;
        if (boundary == 0) raise(format.L, "invalid next option for option 'X'");
    } else if (item.kind == Kind::string) {
        boundary = item.size;
    }
    if (boundary <= 1) return item;
    if (boundary > format.max_alignment) boundary = format.max_alignment;
    if (!std::has_single_bit(static_cast<unsigned>(boundary)))
        raise(format.L, "format asks for alignment not power of 2");
    const std::size_t mask = static_cast<std::size_t>(boundary) - 1;
    item.alignment = static_cast<int>((static_cast<std::size_t>(boundary) - (total & mask)) & mask);
    return item;
}

void add_bytes(luaL_Buffer* out, std::uint64_t number, int size, bool little, bool negative) {
    char* bytes = luaL_prepbuffsize(out, static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) {
        const char byte = i < kBytesOfInteger ? static_cast<char>(number >> (8 * i))
                          : negative          ? '\xff'
                                              : '\0';
        bytes[little ? i : size - 1 - i] = byte;
    }
    luaL_addsize(out, static_cast<std::size_t>(size));
}

void add_integer(lua_State* L, luaL_Buffer* out, const Format& format, const Item& item,
                 int argument) {
    const lua_Integer number = luaL_checkinteger(L, argument);
    if (item.size < kBytesOfInteger) {
        const int bits = item.size * 8;
        if (item.kind == Kind::integer) {
            const lua_Integer limit = lua_Integer{1} << (bits - 1);
            luaL_argcheck(L, -limit <= number && number < limit, argument, "integer overflow");
        } else {
            luaL_argcheck(L, static_cast<lua_Unsigned>(number) < lua_Unsigned{1} << bits, argument,
                          "unsigned overflow");
        }
    }
    add_bytes(out, static_cast<std::uint64_t>(number), item.size, format.little,
              item.kind == Kind::integer && number < 0);
}

void add_float(lua_State* L, luaL_Buffer* out, const Format& format, const Item& item,
               int argument) {
    const double number = canonical(luaL_checknumber(L, argument));
    const std::uint64_t bits = item.kind == Kind::float8
                                   ? std::bit_cast<std::uint64_t>(number)
                                   : std::bit_cast<std::uint32_t>(static_cast<float>(number));
    add_bytes(out, bits, item.size, format.little, false);
}

// Adds the argument and returns its bytes, without the item's own size.
std::size_t add_string(lua_State* L, luaL_Buffer* out, const Format& format, const Item& item,
                       int argument) {
    std::size_t size;
    const char* text = luaL_checklstring(L, argument, &size);
    charge_copy(L, size);
    if (item.kind == Kind::chars) {
        luaL_argcheck(L, size <= static_cast<std::size_t>(item.size), argument,
                      "string longer than given size");
        luaL_addlstring(out, text, size);
        const std::size_t missing = static_cast<std::size_t>(item.size) - size;
        charge_copy(L, missing);
        std::memset(luaL_prepbuffsize(out, missing), kPadding, missing);
        luaL_addsize(out, missing);
        return 0;
    }
    if (item.kind == Kind::string) {
        luaL_argcheck(L, item.size >= kBytesOfInteger || size < std::size_t{1} << (item.size * 8),
                      argument, "string length does not fit in given size");
        add_bytes(out, size, item.size, format.little, false);
        luaL_addlstring(out, text, size);
        return size;
    }
    luaL_argcheck(L, std::memchr(text, '\0', size) == nullptr, argument, "string contains zeros");
    luaL_addlstring(out, text, size);
    luaL_addchar(out, '\0');
    return size + 1;
}

std::uint64_t read_bytes(lua_State* L, const char* bytes, const Item& item, bool little) {
    std::uint64_t number = 0;
    const int used = item.size < kBytesOfInteger ? item.size : kBytesOfInteger;
    const auto byte = [&](int i) {
        return static_cast<unsigned char>(bytes[little ? i : item.size - 1 - i]);
    };
    for (int i = used - 1; i >= 0; --i) number = number << 8 | byte(i);
    if (item.size < kBytesOfInteger) {
        if (item.kind == Kind::integer) {
            const std::uint64_t sign = std::uint64_t{1} << (item.size * 8 - 1);
            number = (number ^ sign) - sign;
        }
        return number;
    }
    const bool negative = item.kind == Kind::integer && static_cast<std::int64_t>(number) < 0;
    for (int i = kBytesOfInteger; i < item.size; ++i)
        if (byte(i) != (negative ? 0xff : 0))
            raise(L, "%d-byte integer does not fit into Lua Integer", item.size);
    return number;
}

struct Source {
    const char* bytes;
    std::size_t size;
    std::size_t at;
};

void push_float(lua_State* L, std::uint64_t bits, Kind kind) {
    const double number = kind == Kind::float8
                              ? std::bit_cast<double>(bits)
                              : std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    lua_pushnumber(L, canonical(number));
}

// Pushes the value of `item` at the source's place, which has its fixed bytes, and moves the place
// behind it.
void push_item(lua_State* L, Source& source, const Format& format, const Item& item) {
    const char* at = source.bytes + source.at;
    std::size_t used = static_cast<std::size_t>(item.size);
    switch (item.kind) {
        case Kind::integer:
        case Kind::natural:
            lua_pushinteger(L, static_cast<lua_Integer>(read_bytes(L, at, item, format.little)));
            break;
        case Kind::float4:
        case Kind::float8:
            push_float(L, read_bytes(L, at, {Kind::natural, item.size, 0}, format.little),
                       item.kind);
            break;
        case Kind::chars:
            lua_pushlstring(L, at, used);
            break;
        case Kind::string: {
            const std::uint64_t length =
                read_bytes(L, at, {Kind::natural, item.size, 0}, format.little);
            luaL_argcheck(L, length <= source.size - source.at - used, 2, "data string too short");
            lua_pushlstring(L, at + used, length);
            used += length;
            break;
        }
        default: {
            const void* end = std::memchr(at, '\0', source.size - source.at);
            luaL_argcheck(L, end != nullptr, 2, "unfinished string for format 'z'");
            const std::size_t length = static_cast<std::size_t>(static_cast<const char*>(end) - at);
            lua_pushlstring(L, at, length);
            used = length + 1;
            break;
        }
    }
    charge_copy(L, used);
    source.at += used;
}

bool has_value(Kind kind) {
    return kind != Kind::padding && kind != Kind::align && kind != Kind::nothing;
}

}  // namespace

int string_pack(lua_State* L) {
    Format format{L, luaL_checkstring(L, 1)};
    int argument = 1;
    std::size_t total = 0;
    luaL_Buffer out;
    lua_pushnil(L);  // keeps the arguments apart from the buffer
    luaL_buffinit(L, &out);
    while (*format.at != '\0') {
        const Item item = read_item(format, total);
        charge(L, kElementWork);
        for (int i = 0; i < item.alignment; ++i) luaL_addchar(&out, kPadding);
        total += static_cast<std::size_t>(item.alignment + item.size);
        if (has_value(item.kind)) ++argument;
        switch (item.kind) {
            case Kind::integer:
            case Kind::natural:
                add_integer(L, &out, format, item, argument);
                break;
            case Kind::float4:
            case Kind::float8:
                add_float(L, &out, format, item, argument);
                break;
            case Kind::chars:
            case Kind::string:
            case Kind::zero_string:
                total += add_string(L, &out, format, item, argument);
                break;
            case Kind::padding:
                luaL_addchar(&out, kPadding);
                break;
            case Kind::align:
            case Kind::nothing:
                break;
        }
        if (total > kMaxStringBytes)
            raise(L, "string.pack: the result would be longer than 64 MiB");
    }
    luaL_pushresult(&out);
    return 1;
}

int string_packsize(lua_State* L) {
    Format format{L, luaL_checkstring(L, 1)};
    std::size_t total = 0;
    while (*format.at != '\0') {
        const Item item = read_item(format, total);
        charge(L, kElementWork);
        if (item.kind == Kind::string || item.kind == Kind::zero_string)
            raise(L, "variable-length format");
        total += static_cast<std::size_t>(item.alignment + item.size);
        if (total > INT32_MAX) raise(L, "format result too large");
    }
    lua_pushinteger(L, static_cast<lua_Integer>(total));
    return 1;
}

int string_unpack(lua_State* L) {
    Format format{L, luaL_checkstring(L, 1)};
    Source source{};
    source.bytes = luaL_checklstring(L, 2, &source.size);
    source.at = first_position(luaL_optinteger(L, 3, 1), source.size) - 1;
    luaL_argcheck(L, source.at <= source.size, 3, "initial position out of string");
    int values = 0;
    while (*format.at != '\0') {
        const Item item = read_item(format, source.at);
        charge(L, kElementWork);
        luaL_argcheck(
            L,
            static_cast<std::size_t>(item.alignment) + static_cast<std::size_t>(item.size) <=
                source.size - source.at,
            2, "data string too short");
        source.at += static_cast<std::size_t>(item.alignment);
        if (!has_value(item.kind)) {
            source.at += static_cast<std::size_t>(item.size);
            continue;
        }
        luaL_checkstack(L, 2, "too many results");
        ++values;
        push_item(L, source, format, item);
    }
    lua_pushinteger(L, static_cast<lua_Integer>(source.at) + 1);
    return values + 1;
}

}  // namespace canon::script
