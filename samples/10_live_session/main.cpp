// A live session: a console, a hot reload, and background work that is delivered when it is done.
// All three are inputs, so the recording of the session plays exactly.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <thread>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "canon/simulation.hpp"

int main(int argc, char** argv) {
    std::uint64_t frames = 40;
    canon::SimulationOptions options;
    std::string expected;
    CLI::App app("A session with a console, hot reloads and work in the background");
    app.add_option("--frames", frames);
    app.add_option("--workers", options.workers);
    app.add_option("--seed", options.seed);
    app.add_option("--expect-hash", expected);
    CLI11_PARSE(app, argc, argv);
    options.limits.done_delay = 0;  // this session tells when what is done is delivered
    try {
        canon::Simulation simulation(canon::Program::from_path("samples/10_live_session/first"),
                                     options);
        const auto changed = canon::Program::from_path("samples/10_live_session/second");
        std::vector<canon::Input> inputs;
        bool is_surveyed = false;
        while (simulation.frame().value < frames) {
            const std::uint64_t frame = simulation.frame().value + 1;
            inputs.clear();
            // A real one goes on with its frames. So that each run prints the same, this one waits.
            while (frame == 20 && !is_surveyed && simulation.done_jobs().empty())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (const auto done = simulation.done_jobs(); !done.empty()) {
                inputs.push_back(canon::Input::done(done));
                is_surveyed = true;
            }
            // What somebody types, and what a watch of the program's files has seen.
            if (frame == 10)
                inputs.push_back(canon::Input::console("engine.set('garden', 'rain', 2)", 1));
            if (frame == 12) inputs.push_back(canon::Input::console("engine.get(2, 'water')", 2));
            if (frame == 25) inputs.push_back(canon::Input::reload(*changed));
            const canon::FrameReport& report = simulation.step(inputs);
            for (const canon::LogEntry& entry : report.log) fmt::print("{}\n", entry.text);
            for (const canon::ConsoleResult& result : report.console)
                if (!result.value.is_nil()) fmt::print("{}\n", canon::to_json(result.value));
            for (const canon::Fault& fault : report.faults)
                fmt::print("{}: {}\n", fault.function, fault.message);
        }
        const std::string hash = canon::hash_text(simulation.state_hash());
        fmt::print("state hash {}\n", hash);
        return expected.empty() || expected == hash ? 0 : 4;
    } catch (const canon::Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 3;
    }
}
