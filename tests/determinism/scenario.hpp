// Scenario: a program given as Lua text, and what it runs with; compared over numbers of workers.
//
// The contract says that the state after a frame is a function of program, config, seed and inputs.
// So every test of this folder runs its program with several numbers of workers side by side,
// whatever else it checks, and the first frame in which anything but a time differs is an error
// that names the frame and the first line of the dumps that differs.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canon/simulation.hpp"

namespace canon::test {

inline constexpr unsigned kWorkerCounts[] = {1, 2, 3, 8};
/// Where each run takes long.
inline constexpr unsigned kFewWorkerCounts[] = {1, 3};

/// Budgets so small that endless loops end at once.
Limits quick_limits();

/// One line that goes before a program's text, so that its lines keep their numbers: the singleton
/// `probe`, the handler `note` that appends to probe.log, `note(x)` for jobs and `say(x)` for the
/// main thread.
extern const char* const kProbe;

struct Scenario {
    std::string main;  ///< Lua text; with_probe puts kProbe before it
    std::uint64_t frames = 6;
    std::uint64_t seed = 1;
    Value config{};
    Limits limits = quick_limits();
    std::function<std::vector<Input>(std::uint64_t frame)> inputs{};
    std::function<Simulation::Host()> host{};  ///< makes a new one for each simulation
    std::vector<Module> modules{};             ///< besides main
    bool check_writes = false;
};

/// Of a program's text behind kProbe.
Scenario with_probe(std::string_view text, std::uint64_t frames = 6);

std::shared_ptr<const Program> load(const Scenario& scenario);
std::unique_ptr<Simulation> start(const Scenario& scenario, unsigned workers = 1);
/// The next frame, with the scenario's inputs for it.
const FrameReport& step(Simulation& simulation, const Scenario& scenario);

struct Trace {
    std::unique_ptr<Simulation> simulation;  ///< after the last frame
    std::vector<FrameReport> reports;        ///< by frame; [0] is that of on_start

    std::vector<Fault> faults() const;
    std::vector<LogEntry> log() const;
};

/// Runs the scenario without comparing anything.
Trace run(const Scenario& scenario, unsigned workers = 1);
/// Runs it with each of `counts` workers, all simulations frame by frame side by side. Fails the
/// test at the first difference. The result is that of the first count.
Trace compare_workers(const Scenario& scenario, std::span<const unsigned> counts = kWorkerCounts);

/// Empty, or what of the two differs, times left out.
std::string difference(const FrameReport& a, const FrameReport& b);
/// Empty, or the first line that differs.
std::string first_line_that_differs(const std::string& a, const std::string& b);
/// Fails the test, naming frame and field, unless both are in the same state.
void check_same_state(const Simulation& a, const Simulation& b, std::string_view when);

/// A field of the singleton `probe`.
Value probe(const Simulation& simulation, std::string_view field = "log");
/// The same as JSON, in one line.
std::string probe_text(const Simulation& simulation, std::string_view field = "log");
std::vector<EntityId> ids_of(const Simulation& simulation, std::string_view template_name);
std::string describe_all(const std::vector<Fault>& faults);

}  // namespace canon::test
