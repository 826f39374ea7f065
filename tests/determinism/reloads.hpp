// Reloads: a scenario whose program is replaced while it runs, for all tests to which a session
// with reloads and console inputs is one like any other.
#pragma once
#include "determinism/scenario.hpp"

namespace canon::test {

/// Reloads in frames 4, 8 (which fails), 10 and 13 of 18; the console in some others.
Scenario reloading();

}  // namespace canon::test
