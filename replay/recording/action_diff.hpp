// Action diff: the first job of a frame that asked for something else, down to the action.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "canon/simulation.hpp"

namespace canon::replay {

/// What one side recorded of a frame, of canon/job_actions.hpp, and what it is called.
struct ActionSide {
    std::span<const std::uint8_t> job_actions;
    const char* name;
};

/// Lines: the job with its function (and where that is defined, if `simulation` checks writes), the
/// action, both of it as JSON. Empty where nothing differs. Nobody vouches for the bytes.
std::vector<std::string> first_action_difference(const ActionSide& first, const ActionSide& second,
                                                 Frame frame, const Simulation& simulation);

}  // namespace canon::replay
