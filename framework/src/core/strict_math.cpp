#include "canon/strict_math.hpp"

#include <sleef.h>

#include <cmath>

#include "canon/hash.hpp"
#include "canon/random.hpp"
#include "canon/value.hpp"

namespace canon::strict {
namespace {

// SLEEF's exp and pow overflow two millionths below the largest float, and its sinh and cosh at
// half of it. There results are made of those for half the exponent.
constexpr double kNearOverflow = 709.0;

// Below this tan x = x to the last bit. SLEEF returns 0 for the least subnormal numbers, without
// their sign.
constexpr double kTanIsIdentityBelow = 0x1p-27;

double square(double x) { return x * x; }

// e^x / 2 for x near the overflow of e^x.
double half_of_exp(double x) {
    const double root = Sleef_cinz_expd1_u10purec(x / 2);
    return root / 2 * root;
}

double general_pow(double base, double exponent) {
    const double power = Sleef_cinz_powd1_u10purec(base, exponent);
    const bool overflowed =
        std::isinf(power) && std::isfinite(base) && base != 0 && std::isfinite(exponent);
    if (!overflowed) return power;
    return std::copysign(square(Sleef_cinz_powd1_u10purec(std::fabs(base), exponent / 2)), power);
}

double sqrt_as_pow(double base) {
    if (base == 0) return 0;                       // sqrt keeps the sign of -0.0, pow does not
    if (std::isinf(base)) return std::fabs(base);  // and the root of -inf is no number
    return std::sqrt(base);
}

double unchecked_pow(double base, double exponent) {
    if (exponent == 2) return square(base);
    if (exponent == 0.5) return sqrt_as_pow(base);
    if (exponent == 1) return base;
    if (exponent == 3) return square(base) * base;
    if (exponent == -1) return 1 / base;
    return general_pow(base, exponent);
}

}  // namespace

double sin(double x) noexcept { return canonical(Sleef_cinz_sind1_u10purec(x)); }
double cos(double x) noexcept { return canonical(Sleef_cinz_cosd1_u10purec(x)); }
double tan(double x) noexcept {
    return std::fabs(x) < kTanIsIdentityBelow ? x : canonical(Sleef_cinz_tand1_u10purec(x));
}
double asin(double x) noexcept { return canonical(Sleef_cinz_asind1_u10purec(x)); }
double acos(double x) noexcept { return canonical(Sleef_cinz_acosd1_u10purec(x)); }
double atan(double x) noexcept { return canonical(Sleef_cinz_atand1_u10purec(x)); }
double atan2(double y, double x) noexcept { return canonical(Sleef_cinz_atan2d1_u10purec(y, x)); }
double exp(double x) noexcept {
    const double power = Sleef_cinz_expd1_u10purec(x);
    return std::isinf(power) ? square(Sleef_cinz_expd1_u10purec(x / 2)) : canonical(power);
}
double exp2(double x) noexcept { return canonical(Sleef_cinz_exp2d1_u10purec(x)); }
double log(double x) noexcept { return canonical(Sleef_cinz_logd1_u10purec(x)); }
double log2(double x) noexcept { return canonical(Sleef_cinz_log2d1_u10purec(x)); }
double log10(double x) noexcept { return canonical(Sleef_cinz_log10d1_u10purec(x)); }
double pow(double base, double exponent) noexcept {
    return canonical(unchecked_pow(base, exponent));
}
double sinh(double x) noexcept {
    if (std::fabs(x) > kNearOverflow) return std::copysign(half_of_exp(std::fabs(x)), x);
    return canonical(Sleef_cinz_sinhd1_u10purec(x));
}
double cosh(double x) noexcept {
    if (std::fabs(x) > kNearOverflow) return half_of_exp(std::fabs(x));
    return canonical(Sleef_cinz_coshd1_u10purec(x));
}
double tanh(double x) noexcept { return canonical(Sleef_cinz_tanhd1_u10purec(x)); }
double cbrt(double x) noexcept { return canonical(Sleef_cinz_cbrtd1_u10purec(x)); }
double hypot(double x, double y) noexcept { return canonical(Sleef_cinz_hypotd1_u05purec(x, y)); }
double sqrt(double x) noexcept { return canonical(std::sqrt(x)); }

}  // namespace canon::strict

namespace canon {
namespace {

void add_all_functions(Hasher& hasher, double x, double y) noexcept {
    const double fraction = x - std::floor(x);
    const double results[] = {
        strict::sin(x),
        strict::cos(x),
        strict::tan(x),
        strict::asin(fraction),
        strict::acos(-fraction),
        strict::atan(x),
        strict::atan2(y, x),
        strict::exp(x),
        strict::exp2(x),
        strict::log(std::fabs(x)),
        strict::log2(std::fabs(x)),
        strict::log10(std::fabs(x)),
        strict::pow(std::fabs(x), y),
        strict::sinh(x),
        strict::cosh(x),
        strict::tanh(x),
        strict::cbrt(x),
        strict::hypot(x, y),
        strict::sqrt(std::fabs(x)),
        canonical(x / 3 * 5e-324),  // 0 where subnormal numbers are flushed
        canonical(x + y / 3),       // other last bits in another rounding mode
    };
    hasher.update(results, sizeof results);
}

}  // namespace

std::uint64_t strict_math_probe() noexcept {
    Hasher hasher;
    RandomStream random(0, 0);
    for (double scale = 1e-9; scale < 1e10; scale *= 10) {
        for (int i = 0; i < 16; ++i) {
            const double x = (random.next_float() - 0.5) * scale;
            const double y = (random.next_float() - 0.5) * 40;
            add_all_functions(hasher, x, y);
        }
    }
    for (const double x : {0.0, -0.0, 1.0, -1.0, 0x1p-1074, 0x1p-1022, 0x1p1023, HUGE_VAL,
                           -HUGE_VAL, canonical_nan()})
        add_all_functions(hasher, x, 0.5);
    return hasher.digest();
}

}  // namespace canon
