// The benches of jobs: a whole simulation against a bare loop over the same Lua function.
#include <algorithm>

#include "canon/error.hpp"
#include "cli/bench.hpp"
#include "cli/bench_programs.hpp"
#include "script/bare_lua.hpp"
#include "script/image_loop.hpp"

namespace canon::cli {
namespace {

using script::BareLua;

constexpr std::int64_t kUnits = 20'000;  // a multiple of 16, the neighbours of a job
constexpr std::int64_t kReadUnits = 4'000;
constexpr std::int64_t kLongUnits = 600;

Work frames_of(BenchSimulation& simulation) {
    return {[&simulation] { simulation.frame(); }, static_cast<double>(simulation.units())};
}

Work loop_of(BareLua& bare, const BenchSimulation& like) {
    return {
        [&bare, first = like.first_id(), units = like.units()] { bare.run(first, first + units); },
        static_cast<double>(like.units())};
}

// Both sides are to do the same: what the job asks for must have become the world's.
void check_same(BenchSimulation& simulation, BareLua& bare) {
    simulation.frame();
    const std::int64_t first = simulation.first_id();
    for (const std::int64_t id :
         {first, first + simulation.units() / 2, first + simulation.units() - 1})
        if (simulation.target_of(id) != bare.asked_by(id))
            throw Error("a benchmark's two sides do not do the same");
}

Figure figure_of(const char* bench, const char* what, const Pairs& pairs, const char* first,
                 const char* second) {
    Figure figure;
    figure.bench = bench;
    figure.what = what;
    figure.value = pairs.ratio;
    figure.raw = {{first, pairs.first_nanoseconds},
                  {second, pairs.second_nanoseconds},
                  {std::string(first) + " (least)", pairs.first_least},
                  {std::string(second) + " (least)", pairs.second_least}};
    figure.others = pairs.others;
    return figure;
}

struct AgainstBare {
    const char* bench;
    const char* program;
    std::int64_t units;
    double at_most;
    double at_least;  // two workers against one; 0: not measured
};

void against_bare(const AgainstBare& what, const BenchOptions& options, FigureSink& sink) {
    BareLua bare(what.program, "run");
    const auto program = program_of(what.program);
    BenchSimulation one(program, what.units, 1);
    check_same(one, bare);
    Figure figure =
        figure_of(what.bench, "one worker / bare lua_pcall loop",
                  measure(options.settings, TimedBy::processor, frames_of(one), loop_of(bare, one)),
                  "simulation ns", "bare ns");
    figure.bound = Figure::Bound::at_most;
    figure.limit = what.at_most;
    sink.add(figure);
    if (what.at_least == 0) return;
    BenchSimulation two(program, what.units, 2);
    two.frame();
    figure = figure_of(what.bench, "speed of two workers / one",
                       measure(options.settings, TimedBy::wall, frames_of(one), frames_of(two)),
                       "one ns", "two ns");
    figure.bound = Figure::Bound::at_least;
    figure.limit = what.at_least;
    sink.add(figure);
}

// What one phase of a frame costs for an action, in the least disturbed frame: these times are the
// clock's on the wall.
void phase_costs(const BenchOptions& options, FigureSink& sink) {
    BenchSimulation simulation(program_of(kThinkProgram), kUnits, 1);
    std::vector<double> run, commit, hash, callbacks;
    for (int frame = 0; frame < 10 + 4 * options.settings.pairs; ++frame) {
        const FrameReport& report = simulation.frame();
        if (frame < 10) continue;
        const auto actions = static_cast<double>(report.actions);
        run.push_back(static_cast<double>(report.run_nanoseconds) / actions);
        commit.push_back(static_cast<double>(report.commit_nanoseconds) / actions);
        hash.push_back(static_cast<double>(report.hash_nanoseconds) / actions);
        callbacks.push_back(static_cast<double>(report.callback_nanoseconds) / actions);
    }
    const auto add = [&](const char* what, const std::vector<double>& times) {
        Figure figure;
        figure.bench = "job";
        figure.what = what;
        figure.unit = "ns";
        figure.value = *std::min_element(times.begin(), times.end());
        sink.add(figure);
    };
    add("of it, for a job: callbacks and freeze", callbacks);
    add("of it, for a job: run", run);
    add("of it, for an action: commit", commit);
    add("of it, for an action: state hash", hash);
}

}  // namespace

void bench_job(const BenchOptions& options, FigureSink& sink) {
    against_bare({"job", kThinkProgram, kUnits, 1.7, 1.6}, options, sink);
    phase_costs(options, sink);
}

void bench_reads(const BenchOptions& options, FigureSink& sink) {
    against_bare({"reads", kLookProgram, kReadUnits, 2.0, 0}, options, sink);
}

void bench_long(const BenchOptions& options, FigureSink& sink) {
    against_bare({"long", kPonderProgram, kLongUnits, 1.03, 1.9}, options, sink);
}

void bench_image(const BenchOptions& options, FigureSink& sink) {
    BenchSimulation small(program_of(kThinkProgram), kUnits, 1);
    BenchSimulation large(program_of(kThinkProgram, 2 << 20), kUnits, 1);
    const Simulation::Statistics of_small = small.simulation().statistics();
    const Simulation::Statistics of_large = large.simulation().statistics();
    Figure figure =
        figure_of("image", "job with an image of 2 MiB / a small one",
                  measure(options.settings, TimedBy::processor, frames_of(large), frames_of(small)),
                  "large ns", "small ns");
    figure.bound = Figure::Bound::at_most;
    figure.limit = 1.2;
    figure.raw.emplace_back("large bytes", of_large.image_bytes);
    figure.raw.emplace_back("small bytes", of_small.image_bytes);
    figure.raw.emplace_back("hot pages", large.simulation().statistics().hot_pages);
    sink.add(figure);
    figure = Figure{
        "image", "image bytes / live bytes",
        static_cast<double>(of_large.image_bytes) / static_cast<double>(of_large.image_live_bytes)};
    figure.bound = Figure::Bound::at_most;
    figure.limit = 1.3;
    figure.raw = {{"image bytes", of_large.image_bytes},
                  {"live bytes", of_large.image_live_bytes},
                  {"small image bytes", of_small.image_bytes},
                  {"small live bytes", of_small.image_live_bytes}};
    sink.add(figure);
}

void bench_isolation(const BenchOptions& options, FigureSink& sink) {
    constexpr std::int64_t kRuns = 1000;
    BareLua bare(kThinkProgram, "run");
    script::ImageLoop image(program_of(kThinkProgram));
    const Work new_states{[&] { bare.run_in_new_states(1, 1 + kRuns); }, kRuns};
    const Work reused{[&] { bare.run(1, 1 + kRuns); }, kRuns};
    const Work restored{[&] { image.run(1, 1 + kRuns); }, kRuns};
    const Pairs pairs = measure(options.settings, TimedBy::processor, new_states, restored);
    Figure figure = figure_of("isolation", "new lua_State for each job / restored image", pairs,
                              "new state ns", "restored ns");
    figure.bound = Figure::Bound::at_least;
    figure.limit = 40;
    sink.add(figure);
    figure = figure_of("isolation", "restored image / no isolation (bare loop)",
                       measure(options.settings, TimedBy::processor, restored, reused),
                       "restored ns", "bare ns");
    sink.add(figure);
}

}  // namespace canon::cli
