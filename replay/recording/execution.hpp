// Execution: runs recorded frames again and tells where they come out otherwise than recorded.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "canon/error.hpp"
#include "canon/simulation.hpp"
#include "recording/frame_record.hpp"
#include "recording/meta.hpp"
#include "recording/recording_reader.hpp"

namespace canon::replay {

/// The recording is of a program or host that is not at hand.
struct OtherProgram : Error {
    using Error::Error;
};
/// The recording needs exact mode, and another build made it.
struct OtherBuild : Error {
    using Error::Error;
};

/// Where a replay differs from its recording.
struct Divergence {
    Frame frame;
    std::string what;  ///< "state hash", "actions", "chain", "keyframe", "effect", "world hash"
    std::uint64_t recorded = 0;
    std::uint64_t played = 0;
    /// What is known beyond the hash, one line each: the first job that asked for something else,
    /// the action, both values.
    std::vector<std::string> details;
};
std::string describe(const Divergence& divergence);

/// Fails: throws OtherProgram where `host` lacks what META names; OtherBuild where exact mode is
/// needed and this build is another one.
void require_playable(const Meta& meta, const Simulation::Host& host);

/// Of a simulation behind a reload. Fails: throws OtherBuild where exact mode is needed now and
/// this build is not that of META.
void require_same_build(const Meta& meta, const Simulation& simulation);

/// The host to play with: the functions that META names, in their order; of an external one that
/// `host` does not have, something in its place, which a replay never calls.
Simulation::Host playing_host(const Meta& meta, const Simulation::Host& host);

/// Loads the state of a keyframe, with the program of the META before it.
/// Fails: throws canon::Error, as Simulation::load.
void load_keyframe(Simulation& simulation, const Meta& meta, ByteReader& saved);

/// Whether one of them is a program that is to take the place of the one there is.
bool has_reload(std::span<const Input> inputs) noexcept;

/// Runs the frame of `record` on a simulation in the state before it, made with `levels.actions`
/// recorded. Returns its report, valid until the simulation's next step; where anything is not as
/// recorded, `divergence` is set unless it is already.
const FrameReport& execute(Simulation& simulation, const FrameRecord& record, const Levels& levels,
                           std::optional<Divergence>& divergence);

/// How the state of the simulation differs from that of the keyframe, if it does.
std::optional<Divergence> compare(const Simulation& simulation, const Keyframe& keyframe);

}  // namespace canon::replay
