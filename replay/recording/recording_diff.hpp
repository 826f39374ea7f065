// Recording diff: where two recordings part, from the first frame down to the fields.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "canon/simulation.hpp"
#include "canon/state_diff.hpp"
#include "container/source.hpp"

namespace canon::replay {

struct DiffOptions {
    std::size_t fields = 20;  ///< of the state, at most
    unsigned workers = 0;
    Simulation::Host host{};
};

struct RecordingDiff {
    /// Of what the sessions were started with: "seed: 1 / 2". Not a difference of frames.
    std::vector<std::string> start{};
    std::uint64_t frames = 0;      ///< that both have and that were compared
    std::optional<Frame> frame{};  ///< the first that differs
    /// What of it: "inputs", "host actions", "killed runs", "actions", "state hash", "chain".
    std::string what{};
    std::vector<std::string> details{};  ///< down to the job, action and values
    /// The states after that frame, as far as both can be made.
    std::vector<StateDifference> state{};
    bool state_is_cut = false;
    std::string state_problem{};  ///< why they could not be compared
    /// Where one ends earlier, or a part of one is lost.
    std::string end{};

    bool same() const noexcept { return !frame && end.empty(); }
};

/// Fails: throws canon::Error where one of them is no recording.
RecordingDiff diff_recordings(ByteSource& first, ByteSource& second, const DiffOptions& options);

}  // namespace canon::replay
