// Errors: the two channels by which the library itself refuses to go on.
//
// A wrong environment or wrong data (a file that is truncated, a program that does not compile) is
// an exception derived from canon::Error, thrown at the API's edge. A broken promise between host
// and library is CANON_ASSERT, on in every configuration. What a script does wrong is neither: it
// is a Fault, part of the simulation.
#pragma once
#include "canon/detail/platform.hpp"

#include <stdexcept>
#include <string>

namespace canon {

/// What was found, what was expected, where, and what to do about it, in one text.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// It is the machine that refuses, and not what it was given: no memory, no address space, no
/// signal. Elsewhere, or later, the same may work.
class MachineError : public Error {
  public:
    using Error::Error;
};

/// Called with the broken condition and its place; must not return (the default prints to stderr
/// and aborts).
using AssertHandler = void (*)(const char* condition, const char* explanation, const char* file,
                               int line);

/// Replaces the handler and returns the one before.
/// Call: any thread, before simulations start.
AssertHandler set_assert_handler(AssertHandler handler) noexcept;

[[noreturn]] void assertion_failed(const char* condition, const char* explanation, const char* file,
                                   int line) noexcept;

}  // namespace canon

#define CANON_ASSERT(condition, explanation) \
    (static_cast<bool>(condition)            \
         ? static_cast<void>(0)              \
         : ::canon::assertion_failed(#condition, explanation, __FILE__, __LINE__))
