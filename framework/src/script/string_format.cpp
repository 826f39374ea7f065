#include "script/string_format.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/strict_text.hpp"

namespace canon::script {
namespace {

constexpr std::size_t kMaxSpecification = 20;  // flags, width and precision together

// %.99f of the largest float has 309 digits, a point and 99 digits.
constexpr std::size_t kMaxDigits = 416;

struct Specification {
    bool left = false;
    bool plus = false;
    bool space = false;
    bool alternate = false;
    bool zero = false;
    int width = 0;
    int precision = -1;  // none
    char letter = 0;
    bool is_plain = true;  // nothing between '%' and the letter
};

struct Letter {
    const char* letters;
    const char* flags;
    bool takes_precision;
};

constexpr Letter kLetters[] = {
    {"di", "-+ 0", true},       {"u", "-0", true}, {"oxX", "-#0", true},
    {"aAeEfgG", "-+ #0", true}, {"c", "-", false}, {"s", "-", true},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int read_two_digits(const char*& at) {
    int number = 0;
    for (int i = 0; i < 2 && is_digit(*at); ++i) number = number * 10 + (*at++ - '0');
    return number;
}

[[noreturn]] void refuse(lua_State* L, const char* begin, std::size_t size) {
    lua_pushlstring(L, begin, size);
    raise(L, "invalid conversion '%%%s' to 'format'", lua_tostring(L, -1));
}

void set_flag(Specification& out, char flag) {
    switch (flag) {
        case '-':
            out.left = true;
            break;
        case '+':
            out.plus = true;
            break;
        case ' ':
            out.space = true;
            break;
        case '#':
            out.alternate = true;
            break;
        default:
            out.zero = true;
            break;
    }
}

const Letter* find_letter(char letter) {
    for (const Letter& known : kLetters)
        if (letter != '\0' && std::strchr(known.letters, letter) != nullptr) return &known;
    return nullptr;
}

// Reads what follows a '%', up to the letter, and returns the place behind it. A Lua string ends
// with a zero byte.
const char* read_specification(lua_State* L, const char* at, Specification& out) {
    const char* begin = at;
    const std::size_t size = std::strspn(at, "-+ #0123456789.");
    if (size > kMaxSpecification)
        raise(L, "invalid format string to 'format': a specification is too long");
    out.letter = at[size];
    out.is_plain = size == 0;
    const std::size_t shown = out.letter == '\0' ? size : size + 1;
    if (out.letter == 'p')
        raise(L, "'%%p' is not available in 'format': an address differs in every process");
    if (out.letter == 'q') {
        if (size > 0) raise(L, "specifier '%%q' cannot have modifiers");
        return at + 1;
    }
    const Letter* known = find_letter(out.letter);
    if (known == nullptr) refuse(L, begin, shown);
    for (; *at != '\0' && std::strchr(known->flags, *at) != nullptr; ++at) set_flag(out, *at);
    if (*at != '0') {  // a width does not begin with 0
        out.width = read_two_digits(at);
        if (*at == '.' && known->takes_precision) {
            ++at;
            out.precision = read_two_digits(at);
        }
    }
    if (at != begin + size) refuse(L, begin, shown);
    return at + 1;
}

// Adds sign and body to the width: spaces in front or behind, or zeros between the two.
void add_padded(luaL_Buffer* out, const Specification& spec, bool zeros, std::string_view sign,
                std::string_view body) {
    const std::size_t size = sign.size() + body.size();
    const std::size_t width = static_cast<std::size_t>(spec.width);
    const std::size_t missing = width > size ? width - size : 0;
    char* at = luaL_prepbuffsize(out, size + missing);
    const auto fill = [&](char c) {
        std::memset(at, c, missing);
        at += missing;
    };
    if (!spec.left && !zeros) fill(' ');
    at = std::copy(sign.begin(), sign.end(), at);
    if (!spec.left && zeros) fill('0');
    at = std::copy(body.begin(), body.end(), at);
    if (spec.left) fill(' ');
    luaL_addsize(out, size + missing);
}

std::string_view sign_of(const Specification& spec, bool negative) {
    return negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
}

// ---- integers ----

void add_integer(luaL_Buffer* out, const Specification& spec, lua_Integer value) {
    const bool is_signed = spec.letter == 'd' || spec.letter == 'i';
    const bool negative = is_signed && value < 0;
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    const int base = spec.letter == 'o' ? 8 : spec.letter == 'x' || spec.letter == 'X' ? 16 : 10;
    char digits[128];
    char* end = std::to_chars(digits, digits + sizeof digits, magnitude, base).ptr;
    if (magnitude == 0 && spec.precision == 0) end = digits;
    if (spec.letter == 'X')
        for (char* c = digits; c != end; ++c)
            *c = *c >= 'a' ? static_cast<char>(*c - 'a' + 'A') : *c;
    int least = spec.precision;
    const int count = static_cast<int>(end - digits);
    if (spec.letter == 'o' && spec.alternate && least <= count && (count == 0 || digits[0] != '0'))
        least = count + 1;
    if (least > count) {
        std::memmove(digits + (least - count), digits, static_cast<std::size_t>(count));
        std::memset(digits, '0', static_cast<std::size_t>(least - count));
        end = digits + least;
    }
    std::string_view sign = is_signed ? sign_of(spec, negative) : "";
    if (base == 16 && spec.alternate && magnitude != 0) sign = spec.letter == 'x' ? "0x" : "0X";
    add_padded(out, spec, spec.zero && spec.precision < 0, sign, {digits, end});
}

// ---- floats ----

// 1.8p+1: the mantissa's hexadecimal digits as they are, or rounded half to even.
char* write_hexadecimal(char* at, double value, int precision, bool alternate) {
    constexpr int kFractionBits = 52;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
    const int biased = static_cast<int>(bits >> kFractionBits) & 0x7ff;
    std::uint64_t mantissa = bits & ((std::uint64_t{1} << kFractionBits) - 1);
    if (biased != 0) mantissa |= std::uint64_t{1} << kFractionBits;
    const int exponent = value == 0 ? 0 : (biased == 0 ? 1 : biased) - 1023;
    int digits = kFractionBits / 4;
    if (precision >= 0 && precision < digits) {
        const int dropped = (digits - precision) * 4;
        const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
        const std::uint64_t rest = mantissa & (2 * half - 1);
        mantissa >>= dropped;
        if (rest > half || (rest == half && mantissa % 2 == 1)) ++mantissa;
        digits = precision;
    } else if (precision < 0) {
        while (digits > 0 && mantissa % 16 == 0) {
            mantissa /= 16;
            --digits;
        }
    }
    *at++ = static_cast<char>('0' + (mantissa >> (4 * digits)));
    if (digits > 0 || precision > 0 || alternate) *at++ = '.';
    for (int i = digits - 1; i >= 0; --i) *at++ = "0123456789abcdef"[(mantissa >> (4 * i)) & 15];
    for (int i = digits; i < precision; ++i) *at++ = '0';
    *at++ = 'p';
    *at++ = exponent < 0 ? '-' : '+';
    return std::to_chars(at, at + 8, exponent < 0 ? -exponent : exponent).ptr;
}

char* write_decimal(char* at, double value, std::chars_format format, int precision) {
    return std::to_chars(at, at + kMaxDigits, value, format, precision).ptr;
}

// With '#' a point stays where no digit follows it: in front of the exponent or at the end.
char* keep_point(char* begin, char* end) {
    if (std::memchr(begin, '.', static_cast<std::size_t>(end - begin)) != nullptr) return end;
    char* exponent = std::find(begin, end, 'e');
    std::memmove(exponent + 1, exponent, static_cast<std::size_t>(end - exponent));
    *exponent = '.';
    return end + 1;
}

// %#g keeps its trailing zeros: the form, fixed or scientific, is chosen by the rounded exponent as
// in %g.
char* write_general_alternate(char* at, double value, int precision) {
    char* end = write_decimal(at, value, std::chars_format::scientific, precision - 1);
    int exponent = 0;
    const char* digits = std::find(at, end, 'e') + 1;
    std::from_chars(*digits == '+' ? digits + 1 : digits, end, exponent);
    if (exponent >= -4 && exponent < precision)
        end = write_decimal(at, value, std::chars_format::fixed, precision - 1 - exponent);
    return keep_point(at, end);
}

char* write_finite(char* at, const Specification& spec, double magnitude) {
    const int precision = spec.precision < 0 ? 6 : spec.precision;
    const auto finish = [&](char* end) { return spec.alternate ? keep_point(at, end) : end; };
    switch (spec.letter) {
        case 'a':
        case 'A':
            return write_hexadecimal(at, magnitude, spec.precision, spec.alternate);
        case 'e':
        case 'E':
            return finish(write_decimal(at, magnitude, std::chars_format::scientific, precision));
        case 'f':
            return finish(write_decimal(at, magnitude, std::chars_format::fixed, precision));
        default:
            if (spec.alternate)
                return write_general_alternate(at, magnitude, precision == 0 ? 1 : precision);
            return write_decimal(at, magnitude, std::chars_format::general,
                                 precision == 0 ? 1 : precision);
    }
}

void add_float(luaL_Buffer* out, const Specification& spec, double value) {
    const bool is_upper = spec.letter == 'A' || spec.letter == 'E' || spec.letter == 'G';
    // Which sign a NaN has differs between processors: here none has one.
    if (value != value)
        return add_padded(out, spec, false, sign_of(spec, false), is_upper ? "NAN" : "nan");
    const bool negative = std::signbit(value);
    if (std::isinf(value))
        return add_padded(out, spec, false, sign_of(spec, negative), is_upper ? "INF" : "inf");
    char digits[kMaxDigits + 8];
    char* end = write_finite(digits, spec, std::fabs(value));
    if (is_upper)
        for (char* c = digits; c != end; ++c)
            *c = *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
    char sign[4];
    std::size_t sign_size = 0;
    for (const char c : sign_of(spec, negative)) sign[sign_size++] = c;
    if (spec.letter == 'a' || spec.letter == 'A') {
        sign[sign_size++] = '0';
        sign[sign_size++] = is_upper ? 'X' : 'x';
    }
    add_padded(out, spec, spec.zero, {sign, sign_size}, {digits, end});
}

// ---- text ----

void add_text(lua_State* L, luaL_Buffer* out, const Specification& spec, int argument) {
    std::size_t size;
    const char* text = push_text(L, argument, &size);
    charge_copy(L, size);
    // As in stock Lua, whose C library would stop there.
    luaL_argcheck(L, spec.is_plain || std::memchr(text, '\0', size) == nullptr, argument,
                  "string contains zeros");
    if (spec.precision < 0 && size >= static_cast<std::size_t>(spec.width)) {
        luaL_addvalue(out);
        return;
    }
    if (spec.precision >= 0) size = std::min(size, static_cast<std::size_t>(spec.precision));
    char kept[100];  // a text that is longer has no padding and is cut to 99
    std::memcpy(kept, text, size);
    lua_pop(L, 1);
    add_padded(out, spec, false, "", {kept, size});
}

void add_quoted_string(luaL_Buffer* out, std::string_view text) {
    luaL_addchar(out, '"');
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' || c == '\\' || c == '\n') {
            luaL_addchar(out, '\\');
            luaL_addchar(out, c);
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
            char digits[4] = {'\\'};
            char* end;
            if (i + 1 < text.size() && is_digit(text[i + 1])) {
                digits[1] = static_cast<char>('0' + c / 100);
                digits[2] = static_cast<char>('0' + c / 10 % 10);
                digits[3] = static_cast<char>('0' + c % 10);
                end = digits + 4;
            } else {
                end = std::to_chars(digits + 1, digits + 4, static_cast<int>(c)).ptr;
            }
            luaL_addlstring(out, digits, static_cast<std::size_t>(end - digits));
        } else {
            luaL_addchar(out, c);
        }
    }
    luaL_addchar(out, '"');
}

void add_quoted_float(luaL_Buffer* out, double value) {
    if (value != value) return luaL_addstring(out, "(0/0)");
    if (std::isinf(value)) return luaL_addstring(out, value > 0 ? "1e9999" : "-1e9999");
    Specification spec;
    spec.letter = 'a';
    add_float(out, spec, value);
}

void add_quoted_integer(luaL_Buffer* out, lua_Integer value) {
    Specification spec;
    spec.letter =
        value == LUA_MININTEGER ? 'x' : 'd';  // the digits of the least integer are read as a float
    spec.alternate = true;
    add_integer(out, spec, value);
}

// A text that Lua reads back as the same value.
void add_literal(lua_State* L, luaL_Buffer* out, int argument) {
    switch (lua_type(L, argument)) {
        case LUA_TSTRING: {
            std::size_t size;
            const char* text = lua_tolstring(L, argument, &size);
            charge_scan(L, size);
            return add_quoted_string(out, {text, size});
        }
        case LUA_TNUMBER:
            return lua_isinteger(L, argument) ? add_quoted_integer(out, lua_tointeger(L, argument))
                                              : add_quoted_float(out, lua_tonumber(L, argument));
        case LUA_TNIL:
            return luaL_addstring(out, "nil");
        case LUA_TBOOLEAN:
            return luaL_addstring(out, lua_toboolean(L, argument) ? "true" : "false");
        default:
            luaL_argerror(L, argument, "value has no literal form");
    }
}

[[gnu::noinline]] void add_number(lua_State* L, luaL_Buffer* out, const Specification& spec,
                                  int argument) {
    if (std::strchr("aAeEfgG", spec.letter) != nullptr)
        add_float(out, spec, luaL_checknumber(L, argument));
    else
        add_integer(out, spec, luaL_checkinteger(L, argument));
}

void add_argument(lua_State* L, luaL_Buffer* out, const Specification& spec, int argument) {
    switch (spec.letter) {
        case 's':
            return add_text(L, out, spec, argument);
        case 'q':
            return add_literal(L, out, argument);
        case 'c': {
            const char c = static_cast<char>(luaL_checkinteger(L, argument));
            return add_padded(out, spec, false, "", {&c, 1});
        }
        default:
            return add_number(L, out, spec, argument);
    }
}

}  // namespace

int string_format(lua_State* L) {
    const int last = lua_gettop(L);
    int argument = 1;
    std::size_t size;
    const char* at = luaL_checklstring(L, 1, &size);
    const char* end = at + size;
    charge_copy(L, size);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    while (at < end) {
        const char* percent =
            static_cast<const char*>(std::memchr(at, '%', static_cast<std::size_t>(end - at)));
        if (percent == nullptr) percent = end;
        if (percent > at) luaL_addlstring(&out, at, static_cast<std::size_t>(percent - at));
        if (percent == end) break;
        at = percent + 1;
        if (at < end && *at == '%') {
            luaL_addchar(&out, '%');
            ++at;
            continue;
        }
        if (++argument > last) luaL_argerror(L, argument, "no value");
        Specification spec;
        charge(L, kTextWork);
        at = read_specification(L, at, spec);
        add_argument(L, &out, spec, argument);
    }
    luaL_pushresult(&out);
    return 1;
}

}  // namespace canon::script
