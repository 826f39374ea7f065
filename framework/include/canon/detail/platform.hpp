// Platform: what a processor and a compiler must be for the same program to give the same hashes.
//
// Asked of the preprocessor alone and without any include, so that a build for another machine ends
// here, with the reason, and not in the headers of a C library that may not even be there.
#pragma once

#if __SIZEOF_POINTER__ != 8
#error "canon: 32-bit pointers; a Lua heap lies at a multiple of 4 GiB, so build for 64 bits"
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "canon: big endian; canonical bytes are the bytes in memory, so build for little endian"
#endif

#if __DBL_MANT_DIG__ != 53 || __DBL_MAX_EXP__ != 1024 || __FLT_MANT_DIG__ != 24
#error "canon: double and float are not those of IEEE 754 (64 and 32 bits); no result would agree"
#endif

// Also without: hashes hold subnormal numbers, infinities and the one NaN.
#if !__DBL_HAS_DENORM__ || !__DBL_HAS_INFINITY__ || !__DBL_HAS_QUIET_NAN__
#error "canon: double has no subnormal numbers, infinities or NaN; build for full IEEE 754"
#endif

// x87 keeps 64 bits of a double until it is stored, and when that is the optimizer decides.
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "canon: double is computed with excess precision (x87); build with -msse2 -mfpmath=sse"
#endif

#if defined(__FAST_MATH__) || __FINITE_MATH_ONLY__ || defined(__ASSOCIATIVE_MATH__) || \
    defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "canon: fast math reorders arithmetic and drops NaN; build without -ffast-math and its parts"
#endif

// Older MIPS takes for signalling what everyone else takes for quiet, canonical_nan() included.
#if defined(__mips__) && !defined(__mips_nan2008)
#error "canon: quiet and signalling NaN are exchanged on this MIPS; build with -mnan=2008"
#endif
