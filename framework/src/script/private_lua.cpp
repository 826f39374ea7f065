// What Canon's private copy of Lua calls in place of the C library (framework/private_lua.sh
// redirects it here).
//
// Invariant: the result is a function of the arguments alone. No processor, C library, locale,
// clock, environment or address shows through. Everything here may be called from any thread.
//
// The mathematics is strict math's, so that a script and C++ code get the same bits. Only Lua is
// redirected: a host that calls std::pow gets its own.
#include <locale.h>
#include <clocale>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>

#include "canon/strict_math.hpp"

namespace {

/// The "C" locale as an object, whatever setlocale was told. Lives as long as the process.
locale_t c_locale() {
    static const locale_t locale = [] {
        const locale_t made = newlocale(LC_ALL_MASK, "C", nullptr);
        if (made == nullptr) std::abort();  // only when memory is out, before any script ran
        return made;
    }();
    return locale;
}

/// The conversion letter of `format` and where it stands. Lua formats one value a call: "%.14g",
/// "%lld", "%-10s". Null when there is none.
const char* conversion(const char* format) {
    const char* at = std::strchr(format, '%');
    if (at == nullptr) return nullptr;
    at += 1 + std::strspn(at + 1, "-+ #0123456789.lhLqjzt");
    return *at == '\0' ? nullptr : at;
}

/// vsnprintf in the "C" locale. The thread's locale is swapped for the call: that holds for every
/// conversion and whether the host used setlocale or uselocale, and costs less than looking for a
/// decimal point afterwards.
int print(char* buffer, size_t size, const char* format, va_list values) {
    const locale_t before = uselocale(c_locale());
    const int length = std::vsnprintf(buffer, size, format, values);
    uselocale(before);
    return length;
}

int print_value(char* buffer, size_t size, const char* format, ...) {
    va_list values;
    va_start(values, format);
    const int length = print(buffer, size, format, values);
    va_end(values);
    return length;
}

/// The format of a pointer with its conversion changed to that of a string: the width stays, no
/// address is shown.
int print_pointer(char* buffer, size_t size, const char* format, const char* letter) {
    char text_format[64];
    const size_t length = std::strlen(format);
    if (length >= sizeof text_format) return print_value(buffer, size, "(address)");
    std::memcpy(text_format, format, length + 1);
    text_format[letter - format] = 's';
    return print_value(buffer, size, text_format, "(address)");
}

int print_canonical(char* buffer, size_t size, const char* format, va_list values) {
    const char* letter = conversion(format);
    if (letter != nullptr && *letter == 'p') return print_pointer(buffer, size, format, letter);
    if (letter != nullptr && std::strchr("aAeEfFgG", *letter) != nullptr) {
        // The sign of a NaN differs between processors. Printing a positive one instead of mending
        // the text keeps the width right.
        va_list copy;
        va_copy(copy, values);
        const double number = va_arg(copy, double);
        va_end(copy);
        if (std::isnan(number))
            return print_value(buffer, size, format, std::numeric_limits<double>::quiet_NaN());
    }
    return print(buffer, size, format, values);
}

}  // namespace

extern "C" {

double canon_lua_pow(double x, double y) { return canon::strict::pow(x, y); }
double canon_lua_exp(double x) { return canon::strict::exp(x); }
double canon_lua_log(double x) { return canon::strict::log(x); }
double canon_lua_log2(double x) { return canon::strict::log2(x); }
double canon_lua_log10(double x) { return canon::strict::log10(x); }
double canon_lua_sin(double x) { return canon::strict::sin(x); }
double canon_lua_cos(double x) { return canon::strict::cos(x); }
double canon_lua_tan(double x) { return canon::strict::tan(x); }
double canon_lua_asin(double x) { return canon::strict::asin(x); }
double canon_lua_acos(double x) { return canon::strict::acos(x); }
double canon_lua_atan2(double y, double x) { return canon::strict::atan2(y, x); }
double canon_lua_sinh(double x) { return canon::strict::sinh(x); }
double canon_lua_cosh(double x) { return canon::strict::cosh(x); }
double canon_lua_tanh(double x) { return canon::strict::tanh(x); }
double canon_lua_fmod(double x, double y) { return std::fmod(x, y); }  // exact by definition

double canon_lua_strtod(const char* text, char** end) { return strtod_l(text, end, c_locale()); }
int canon_lua_strcoll(const char* a, const char* b) { return std::strcmp(a, b); }

lconv* canon_lua_localeconv() {
    static char point[] = ".";
    static lconv conventions = [] {
        lconv c{};
        c.decimal_point = point;
        return c;
    }();
    return &conventions;
}

int canon_lua_snprintf(char* buffer, size_t size, const char* format, ...) {
    va_list values;
    va_start(values, format);
    const int length = print_canonical(buffer, size, format, values);
    va_end(values);
    return length;
}

/// What a Lua that was built with _FORTIFY_SOURCE calls. `flag` and `capacity` are the C library's
/// own checks.
int canon_lua_snprintf_chk(char* buffer, size_t size, int, size_t capacity, const char* format,
                           ...) {
    if (size > capacity) std::abort();
    va_list values;
    va_start(values, format);
    const int length = print_canonical(buffer, size, format, values);
    va_end(values);
    return length;
}

const unsigned short** canon_lua_ctype_b_loc() {
    static const unsigned short* table = c_locale()->__ctype_b;
    return &table;
}
const int** canon_lua_ctype_tolower_loc() {
    static const int* table = c_locale()->__ctype_tolower;
    return &table;
}
const int** canon_lua_ctype_toupper_loc() {
    static const int* table = c_locale()->__ctype_toupper;
    return &table;
}

std::time_t canon_lua_time(std::time_t* result) {
    if (result != nullptr) *result = 0;
    return 0;
}
std::clock_t canon_lua_clock() { return 0; }
char* canon_lua_getenv(const char*) { return nullptr; }

}  // extern "C"
