// Sanitizers: which of them this build is made with, where something has to be done otherwise.
#pragma once

// g++ 12 says it by macros of its own, clang by a question that g++ 12 does not know.
#if defined(__has_feature)
#define CANON_BUILT_WITH(sanitizer) __has_feature(sanitizer)
#else
#define CANON_BUILT_WITH(sanitizer) 0
#endif

namespace canon {

#if defined(__SANITIZE_ADDRESS__) || CANON_BUILT_WITH(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__) || CANON_BUILT_WITH(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

}  // namespace canon

// For what cannot even be compiled or run with one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    CANON_BUILT_WITH(address_sanitizer) || CANON_BUILT_WITH(thread_sanitizer)
#define CANON_IS_SANITIZED 1
#else
#define CANON_IS_SANITIZED 0
#endif

#undef CANON_BUILT_WITH
