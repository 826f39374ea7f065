// Melee: a small program that uses every engine function at once, for tests about the machine
// rather than one function.
#pragma once
#include "determinism/scenario.hpp"

namespace canon::test {

/// Units that search, hit, shoot, call, sleep, plan in the background, err and die; inputs from
/// three sources.
Scenario melee(std::uint64_t frames = 24);

}  // namespace canon::test
