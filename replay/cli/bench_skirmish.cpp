// The bench of a real game: what share of a frame the main thread spends alone.
#include <filesystem>

#include "canon/error.hpp"
#include "cli/bench.hpp"
#include "cli/inputs_file.hpp"

namespace canon::cli {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string find_skirmish() {
    std::error_code error;
    for (const fs::path& start :
         {fs::read_symlink("/proc/self/exe", error), fs::current_path(error) / "canon"})
        for (fs::path folder = start.parent_path(); folder.has_relative_path();
             folder = folder.parent_path())
            if (fs::exists(folder / "samples/skirmish/main.lua", error))
                return (folder / "samples/skirmish").string();
    throw Error("samples/skirmish was not found; give its folder with --program");
}

void bench_skirmish(const BenchOptions& options, FigureSink& sink) {
    const std::string folder = options.skirmish.empty() ? find_skirmish() : options.skirmish;
    const std::uint64_t frames = options.settings.pairs >= 15 ? 300 : 60;
    InputsFile inputs;
    if (const fs::path file = fs::path(folder) / "inputs.jsonl"; fs::exists(file))
        inputs = InputsFile(file.string());
    SimulationOptions settings;
    settings.workers = 2;
    settings.config = Value(Map());
    Simulation simulation(Program::from_path(folder), settings);
    if (!simulation.start_report().faults.empty())
        throw Error("skirmish does not start: " + simulation.start_report().faults.front().message);
    std::vector<double> shares, callbacks, runs, commits, hashes, jobs;
    for (std::uint64_t frame = 1; frame <= frames; ++frame) {
        const FrameReport& report = simulation.step(inputs.of_frame(frame));
        const auto serial = static_cast<double>(
            report.callback_nanoseconds + report.commit_nanoseconds + report.hash_nanoseconds);
        shares.push_back(serial / (serial + static_cast<double>(report.run_nanoseconds)));
        callbacks.push_back(static_cast<double>(report.callback_nanoseconds) / 1e3);
        runs.push_back(static_cast<double>(report.run_nanoseconds) / 1e3);
        commits.push_back(static_cast<double>(report.commit_nanoseconds) / 1e3);
        hashes.push_back(static_cast<double>(report.hash_nanoseconds) / 1e3);
        jobs.push_back(static_cast<double>(report.jobs));
    }
    Figure figure;
    figure.bench = "skirmish";
    figure.what = "share of a frame that the main thread spends alone, at two workers";
    figure.unit = "%";
    figure.value = 100 * median(std::move(shares));
    figure.bound = Figure::Bound::at_most;
    figure.limit = 25;
    figure.raw = {{"callbacks us", median(std::move(callbacks))},
                  {"jobs us", median(std::move(runs))},
                  {"commit us", median(std::move(commits))},
                  {"hash us", median(std::move(hashes))},
                  {"jobs", median(std::move(jobs))}};
    sink.add(figure);
}

}  // namespace canon::cli
