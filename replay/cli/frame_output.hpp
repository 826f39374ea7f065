// Frame output: what `canon run` shows of the frames as they are done, for people (a table) or for
// machines (JSON lines).
//
// What is said about a frame never differs from run to run, so that outputs can be compared as
// text. Times and the number of workers are told at the table's head and end only, and not in JSON.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "canon/chaos.hpp"
#include "canon/simulation.hpp"
#include "cli/terminal.hpp"

namespace canon::cli {

struct OutputOptions {
    std::string program;
    std::uint64_t frames = 0;
    std::uint64_t seed = 0;
    unsigned workers = 0;
    /// Every how many frames one is shown. 0: as suits the kind of output.
    std::uint64_t every = 0;
    std::uint64_t chaos = 0;  ///< the seed; 0: none
    bool check_writes = false;
};

struct Summary {
    std::uint64_t frames = 0;
    std::uint64_t jobs = 0;
    std::uint64_t actions = 0;
    std::uint64_t faults = 0;
    std::uint64_t refused_actions = 0;
    std::uint64_t skipped_jobs = 0;
    std::uint64_t unused_inputs = 0;
    std::uint64_t state_hash = 0;
    bool interrupted = false;
    double seconds = 0;
    double main_thread_share = 0;  ///< of the time, in which no job could run
};

class FrameOutput {
  public:
    virtual ~FrameOutput() = default;
    /// Of on_start: frame 0.
    virtual void start(const FrameReport& report) = 0;
    virtual void frame(const FrameReport& report) = 0;
    virtual void finish(const Summary& summary) = 0;
    /// Call: last, of a run that was made in chaos too.
    virtual void chaos(const ChaosReport& report) = 0;
};

std::unique_ptr<FrameOutput> make_frame_table(const OutputOptions& options);
/// Shows nothing.
std::unique_ptr<FrameOutput> make_no_output();
/// One object a frame; frame 0 only if it has something to say beyond its hash, or is the last. The
/// last one has the lost writes of all frames.
std::unique_ptr<FrameOutput> make_json_lines(const OutputOptions& options);

}  // namespace canon::cli
