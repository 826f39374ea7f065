// Strict math: the transcendental functions that a simulation may use.
//
// libm's are not deterministic: glibc picks other code with FMA than without, and other systems
// have other code, so the last bit differs between machines. These are SLEEF's scalar variants
// without FMA, bit-identical on every processor; the library's version is part of what
// strict_math_probe tells. They are at most 1 ulp off (2 for exp, sinh, cosh and pow where they
// are about to overflow, and for subnormal results). Special values are those of C's Annex F, and
// each NaN is the canonical one.
//
// All of them need the default floating-point environment: round to nearest, subnormal numbers
// kept.
#pragma once
#include "canon/detail/platform.hpp"

#include <cstdint>

namespace canon::strict {

double sin(double x) noexcept;
double cos(double x) noexcept;
double tan(double x) noexcept;
double asin(double x) noexcept;
double acos(double x) noexcept;
double atan(double x) noexcept;
double atan2(double y, double x) noexcept;
double exp(double x) noexcept;
double exp2(double x) noexcept;
double log(double x) noexcept;
double log2(double x) noexcept;
double log10(double x) noexcept;
/// The exponents -1, 0.5, 1, 2 and 3 are done by division, square root and multiplication.
double pow(double base, double exponent) noexcept;
double sinh(double x) noexcept;
double cosh(double x) noexcept;
double tanh(double x) noexcept;
double cbrt(double x) noexcept;
double hypot(double x, double y) noexcept;
/// Correctly rounded.
double sqrt(double x) noexcept;

}  // namespace canon::strict

namespace canon {

/// A hash of the functions above over fixed inputs: equal where they give the same bits. Part of a
/// recording's environment fingerprint. Takes about half a millisecond.
/// Deterministic: only if the floating-point environment is the default; that it shows otherwise is
/// its purpose.
std::uint64_t strict_math_probe() noexcept;

}  // namespace canon
