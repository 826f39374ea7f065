// Saved state: a simulation's saved bytes, edited and loaded.
//
// An edit is two bytes for the place (low one first; beyond the end, it counts from the start
// again), a byte for how many bytes go, a byte for how many come, and these. So an input means much
// the same when the form of saved states changes.
#pragma once
#include "fuzz/support/target.hpp"

namespace canon::fuzz {

/// Fails: throws Finding for a promise that the library broke, and whatever else it throws.
void check_saved_state(Input edits);

}  // namespace canon::fuzz
