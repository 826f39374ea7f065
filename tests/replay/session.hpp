// Session: scenarios recorded to memory, for the tests of recorder and player.
#pragma once
#include <cstdint>
#include <vector>

#include "determinism/scenario.hpp"
#include "recording/player.hpp"
#include "recording/recorder.hpp"
#include "replay/recordings.hpp"

namespace canon::test {

struct RecordedSession {
    Content bytes;
    std::vector<FrameReport> reports;         ///< by frame; [0] is that of on_start
    std::vector<std::uint64_t> world_hashes;  ///< by frame
};

/// A scenario's frames with its inputs, recorded.
RecordedSession record_session(const Scenario& scenario, replay::RecorderOptions options = {},
                               unsigned workers = 2);
/// Everything recorded: actions and effects, with a keyframe every five frames.
replay::RecorderOptions all_levels();
replay::PlayerOptions play(const Scenario& scenario,
                           replay::PlayMode mode = replay::PlayMode::execute, unsigned workers = 1);

}  // namespace canon::test
