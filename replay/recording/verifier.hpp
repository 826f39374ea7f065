// Verifier: executes recordings on many threads and compares every hash: each span from one
// keyframe to the next on its own, by a simulation with one worker.
//
// A span begins with a recorded state and must end with the one that the next begins with, so the
// spans together prove what playing the whole would. They are found while others are played, and
// each thread reads its own: memory does not grow with the file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canon/simulation.hpp"
#include "container/source.hpp"
#include "recording/execution.hpp"

namespace canon::replay {

/// From good to bad: of several, the last one counts.
enum class Verdict : std::uint8_t {
    same,
    other_build,    ///< needs exact mode, and another build made it
    other_program,  ///< needs a host that is not here, or its program cannot be loaded
    damaged,        ///< something of it is lost or makes no sense; the rest was verified
    no_recording,   ///< there is none, or no keyframe of it can be used
    diverged,
};
/// "same", "other build"
const char* verdict_name(Verdict verdict) noexcept;

/// What came of one recording. Beside the times the same with any number of threads.
struct Verification {
    std::string name;
    Verdict verdict = Verdict::same;
    bool is_finished = false;        ///< false where all was stopped before
    std::uint64_t frames = 0;        ///< that were played and compared
    std::uint64_t frames_there = 0;  ///< that are whole in the file, as of when it was opened
    std::uint64_t spans = 0;         ///< that were played
    std::uint64_t spans_diverged = 0;
    std::optional<Divergence> divergence{};  ///< the first one
    std::uint32_t segment = 0;               ///< of the divergence; counts from 0
    std::string reason{};                    ///< of other_build, other_program and no_recording
    std::vector<std::string> damage{};       ///< one line each: what is lost, the first of them
    std::uint64_t damaged_places = 0;
    bool is_open = false;         ///< ends without END: being written, or its writer was stopped
    double recorded_seconds = 0;  ///< of the frames that were played, at their recording's speed
    double seconds = 0;           ///< from when it was opened until its last span was played
};

struct VerifyProgress {
    std::uint64_t frames = 0;  ///< played, of all recordings
    std::uint64_t frames_total = 0;
    bool is_total_known = false;  ///< false: those found so far
    double recorded_seconds = 0;
};

/// A recording to verify. It is opened when its turn comes.
struct RecordingToVerify {
    std::string name;
    /// Called on any thread, up to twice. What it returns is read from several threads at once.
    /// Fails: throws canon::Error; the verdict is no_recording then.
    std::function<std::unique_ptr<ByteSource>()> open;
};

struct VerifierOptions {
    unsigned threads = 0;  ///< 0: one for each core
    /// What the recorded simulations' hosts added. Called for each simulation, on its thread.
    std::function<Simulation::Host()> host{};
    /// Called some times a second, by the thread that called `verify`. False stops: all threads
    /// end with the frame under way.
    std::function<bool(const VerifyProgress&)> progress{};
    /// Called in the order of the recordings for each that is finished, by the same thread.
    std::function<void(const Verification&)> finished{};
};

/// One result for each recording, in their order.
/// Fails: throws canon::Error where a thread cannot be started, std::bad_alloc.
std::vector<Verification> verify(const std::vector<RecordingToVerify>& recordings,
                                 const VerifierOptions& options = {});

}  // namespace canon::replay
