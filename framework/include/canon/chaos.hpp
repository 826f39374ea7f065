// Chaos: the same program a second time, under hostile circumstances, to find what would differ
// elsewhere.
//
// The contract names what decides a state. Everything else a chaos seed turns about: the seed of
// Lua's string hashes and the offsets of objects (which another build of Lua has otherwise), the
// number of workers, the order in which they draw jobs, their delays, collections in the middle of
// jobs, and the rounding, denormals and locale of the thread that steps. A program that keeps the
// contract has the same hashes in each frame; one that depends on, say, `#` of lists with holes has
// not, and the same seed shows it again. Limits count as ever, but a run that comes within a few
// bytes of its memory limit may pass it under another hash seed: that differs elsewhere too.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "canon/simulation.hpp"

namespace canon {

struct ChaosReport {
    std::uint64_t seed = 0;
    Frame frame;             ///< the last one compared, which is the first that differs if one does
    std::string difference;  ///< empty: none

    bool same() const noexcept { return difference.empty(); }
};

/// "chaos seed 7: same", or the frame and what differs in it.
std::string describe(const ChaosReport& report);

/// What a program runs with besides its options. A host has state, so each simulation has one of
/// its own.
struct ChaosSurroundings {
    std::function<std::vector<Input>(Frame)> inputs = {};
    std::function<Simulation::Host()> host = {};
};

/// An ordinary simulation and one in chaos, frame by frame side by side.
/// Call: all members on one thread.
class ChaosPair {
  public:
    /// `seed`: not 0. `options.workers` counts for both if it is not 0; workers that are shared are
    /// the ordinary one's. Frame 0 is compared.
    /// Fails: throws canon::Error as a Simulation does.
    ChaosPair(std::shared_ptr<const Program> program, SimulationOptions options, std::uint64_t seed,
              const std::function<Simulation::Host()>& host = {});

    /// Both run the next frame; the report is the ordinary one's. Once a frame has differed, it
    /// alone goes on.
    const FrameReport& step(std::span<const Input> inputs = {});

    Simulation& ordinary() noexcept { return *ordinary_; }
    const Simulation& in_chaos() const noexcept { return *in_chaos_; }
    const ChaosReport& report() const noexcept { return report_; }

  private:
    void compare(const FrameReport& ordinary, const FrameReport& in_chaos);

    std::unique_ptr<Simulation> ordinary_;
    std::unique_ptr<Simulation> in_chaos_;
    ChaosReport report_;
};

/// Runs so many frames of both, or up to the first that differs. A test is one line:
/// `BOOST_TEST(canon::chaos_test(program, options, 100, 7).same());`
ChaosReport chaos_test(std::shared_ptr<const Program> program, const SimulationOptions& options,
                       std::uint64_t frames, std::uint64_t seed,
                       const ChaosSurroundings& surroundings = {});

}  // namespace canon
