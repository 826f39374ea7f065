#include "canon/strict_math.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "canon/random.hpp"
#include "canon/value.hpp"
#include "core_goldens.hpp"
#include "core_random_values.hpp"

namespace canon {
namespace {

const double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeast = 0x1p-1074;
constexpr double kMost = std::numeric_limits<double>::max();

struct OfOne {
    const char* name;
    double (*strict)(double);
    double (*system)(double);
    long double (*exact)(long double);
};

struct OfTwo {
    const char* name;
    double (*strict)(double, double);
    double (*system)(double, double);
    long double (*exact)(long double, long double);
};

const OfOne kOfOne[] = {
    {"sin", strict::sin, std::sin, std::sin},         {"cos", strict::cos, std::cos, std::cos},
    {"tan", strict::tan, std::tan, std::tan},         {"asin", strict::asin, std::asin, std::asin},
    {"acos", strict::acos, std::acos, std::acos},     {"atan", strict::atan, std::atan, std::atan},
    {"exp", strict::exp, std::exp, std::exp},         {"exp2", strict::exp2, std::exp2, std::exp2},
    {"log", strict::log, std::log, std::log},         {"log2", strict::log2, std::log2, std::log2},
    {"log10", strict::log10, std::log10, std::log10}, {"sinh", strict::sinh, std::sinh, std::sinh},
    {"cosh", strict::cosh, std::cosh, std::cosh},     {"tanh", strict::tanh, std::tanh, std::tanh},
    {"cbrt", strict::cbrt, std::cbrt, std::cbrt},     {"sqrt", strict::sqrt, std::sqrt, std::sqrt},
};

const OfTwo kOfTwo[] = {
    {"atan2", strict::atan2, std::atan2, std::atan2},
    {"pow", strict::pow, std::pow, std::pow},
    {"hypot", strict::hypot, std::hypot, std::hypot},
};

const double kSpecial[] = {0.0,    -0.0,    1.0,       -1.0,       2.0,     -2.0,   3.0,
                           -3.0,   0.5,     -0.5,      1.5,        -1.5,    1e-9,   -1e-9,
                           kLeast, -kLeast, 0x1p-1022, 1e20,       -1e20,   709.0,  710.0,
                           -710.0, 711.0,   -746.0,    1024.0,     -1075.0, 0x1p53, 0x1p53 - 1,
                           kMost,  -kMost,  kInfinity, -kInfinity, kNan,    -kNan};

// How far apart, in units of the last place of the exact result.
double error_in_ulps(double found, long double exact) {
    const double rounded = static_cast<double>(exact);
    if (!std::isfinite(rounded) || !std::isfinite(found)) return 0;
    const double size = std::fabs(rounded);
    const double ulp = size < kMost ? std::nextafter(size, kInfinity) - size : 0x1p971;
    return static_cast<double>(std::fabs((found - exact) / ulp));
}

// Of the same kind: NaN, infinity of one sign, zero of one sign, or a number of one sign.
bool same_kind(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return std::signbit(a) == std::signbit(b) && std::isinf(a) == std::isinf(b) &&
           (a == 0) == (b == 0);
}

bool is_canonical(double number) {
    return std::bit_cast<std::uint64_t>(number) == std::bit_cast<std::uint64_t>(canonical(number));
}

// Numbers of all sizes, and many of those that simulations have.
double random_argument(RandomStream& random) {
    switch (random.next_integer(0, 3)) {
        case 0:
            return test::random_float(random);
        case 1:
            return random.next_float() * 2 - 1;
        case 2:
            return (random.next_float() - 0.5) * 100;
        default:
            return (random.next_float() - 0.5) * 1500;
    }
}

BOOST_AUTO_TEST_SUITE(core_strict_math)

// The bits are the point of it: equal on each processor, with each compiler and system library.
BOOST_AUTO_TEST_CASE(results_have_the_golden_bits) {
    BOOST_TEST(hash_text(strict_math_probe()) == hash_text(test::kGoldenStrictMath));
}

BOOST_AUTO_TEST_CASE(results_are_within_two_ulps) {
    RandomStream random(1, 0);
    for (const OfOne& function : kOfOne) {
        double worst = 0;
        for (int i = 0; i < 20'000; ++i) {
            const double x = random_argument(random);
            const double found = function.strict(x);
            worst = std::max(worst, error_in_ulps(found, function.exact(x)));
            BOOST_TEST(same_kind(found, static_cast<double>(function.exact(x))),
                       function.name << "(" << float_text(x) << ")");
        }
        BOOST_TEST(worst < 2.0, function.name << " is off by " << worst);
    }
    for (const OfTwo& function : kOfTwo) {
        double worst = 0;
        for (int i = 0; i < 20'000; ++i) {
            const double x = random_argument(random);
            const double y = random_argument(random);
            worst = std::max(worst, error_in_ulps(function.strict(x, y), function.exact(x, y)));
        }
        BOOST_TEST(worst < 2.0, function.name << " is off by " << worst);
    }
}

// Annex F of the C standard is kept by the system's library, which is asked.
BOOST_AUTO_TEST_CASE(special_values_are_those_of_the_c_standard) {
    for (const OfOne& function : kOfOne) {
        for (const double x : kSpecial) {
            const double found = function.strict(x);
            BOOST_TEST(same_kind(found, function.system(x)),
                       function.name << "(" << float_text(x) << ") = " << float_text(found));
            BOOST_TEST(is_canonical(found));
        }
    }
    for (const OfTwo& function : kOfTwo) {
        for (const double x : kSpecial) {
            for (const double y : kSpecial) {
                const double found = function.strict(x, y);
                const double expected = function.system(x, y);
                // Of the least subnormal numbers one is rounded to zero and the other is not.
                const bool at_the_edge = found != expected && std::fabs(found - expected) <= kLeast;
                BOOST_TEST((same_kind(found, expected) || at_the_edge),
                           function.name << "(" << float_text(x) << ", " << float_text(y)
                                         << ") = " << float_text(found));
                BOOST_TEST(is_canonical(found));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(results_that_a_float_can_hold_are_exact) {
    double power_of_ten = 1;
    for (int i = 0; i <= 22; ++i, power_of_ten *= 10) {
        BOOST_TEST(strict::pow(10, i) == power_of_ten);
        BOOST_TEST(strict::log10(power_of_ten) == i);
    }
    for (int i = -1074; i < 1024; ++i) {
        const double power_of_two = std::ldexp(1, i);
        BOOST_TEST(strict::exp2(i) == power_of_two);
        BOOST_TEST(strict::pow(2, i) == power_of_two);
        BOOST_TEST(strict::log2(power_of_two) == i);
    }
    for (int base = -100; base <= 100; ++base) {
        double power = 1;
        for (int exponent = 0; exponent <= 7; ++exponent, power *= base)
            BOOST_TEST(strict::pow(base, exponent) == power);
        BOOST_TEST(strict::cbrt(base * base * base) == base);
        BOOST_TEST(strict::hypot(3 * base, 4 * base) == 5 * std::abs(base));
    }
}

// SLEEF gives up a little before the largest float.
BOOST_AUTO_TEST_CASE(nothing_overflows_before_it_must) {
    BOOST_TEST(strict::pow(kMost, 1 - 0x1p-40) < kInfinity);
    BOOST_TEST(strict::pow(-kMost, 1) == -kMost);
    BOOST_TEST(strict::exp(709.7827128933840) < kInfinity);
    BOOST_TEST(strict::exp2(0x1.ffffffffffffep9) < kInfinity);
    BOOST_TEST(strict::sinh(710.4758) < kInfinity);
    BOOST_TEST(strict::cosh(-710.4758) < kInfinity);
    for (const double infinite :
         {strict::pow(10, 309), strict::exp(709.7827128933841), strict::cosh(710.4759)})
        BOOST_TEST(infinite == kInfinity);
    BOOST_TEST(strict::sinh(-710.4759) == -kInfinity);
}

BOOST_AUTO_TEST_CASE(the_probe_tells_another_rounding_mode) {
    std::fesetround(FE_UPWARD);
    const std::uint64_t upward = strict_math_probe();
    std::fesetround(FE_TONEAREST);
    BOOST_TEST(upward != test::kGoldenStrictMath);
    BOOST_TEST(strict_math_probe() == test::kGoldenStrictMath);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
