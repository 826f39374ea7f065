// Random programs: Lua programs that ask for anything at random, each one a function of its number.
#pragma once
#include <cstdint>

#include "determinism/scenario.hpp"

namespace canon::test {

/// Jobs, handlers and callbacks of random statements: all engine functions, calls, errors,
/// coroutines, endless loops.
Scenario random_program(std::uint64_t number);

}  // namespace canon::test
