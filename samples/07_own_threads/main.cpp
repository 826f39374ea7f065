// A host with threads of its own: they do Canon's jobs until the frame is done, and a renderer
// reads a snapshot of the world while the next frame is simulated.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <future>
#include <thread>

#include "canon/hash.hpp"
#include "canon/simulation.hpp"

// What the renderer would draw: the middle of all sparks.
double middle(std::shared_ptr<const canon::SimulationSnapshot> snapshot) {
    const canon::World& world = snapshot->world();
    std::vector<canon::EntityId> sparks;
    world.each(world.schema().find("spark"), sparks);
    double sum = 0;
    for (const canon::EntityId spark : sparks) sum += world.get(spark, "x").as_number();
    return sparks.empty() ? 0 : sum / static_cast<double>(sparks.size());
}

int main(int argc, char** argv) {
    std::uint64_t frames = 60;
    unsigned workers = 3;
    canon::SimulationOptions options;
    std::string expected;
    CLI::App app("A host whose own threads do Canon's work");
    app.add_option("--frames", frames);
    app.add_option("--workers", workers)->check(CLI::Range(1, 64));
    app.add_option("--seed", options.seed);
    app.add_option("--expect-hash", expected);
    CLI11_PARSE(app, argc, argv);
    try {
        // No thread is started here; ours become workers while there is something to do.
        options.shared_workers = std::make_shared<canon::Workers>(
            canon::WorkersOptions{.threads = workers - 1, .host_threads = true});
        canon::Simulation simulation(canon::Program::from_path("samples/01_hello"), options);
        std::future<double> picture;
        while (simulation.frame().value < frames) {
            canon::Barrier stepped;
            std::vector<std::jthread> job_system;  // an engine would have it already
            for (unsigned i = 1; i < workers; ++i)
                job_system.emplace_back([&, i] { options.shared_workers->help_until(i, stepped); });
            simulation.step();
            stepped.arrive();
            job_system.clear();
            if (picture.valid() && simulation.frame().value % 20 == 1)
                fmt::print("frame {}: the sparks' middle is at x = {:.3f}\n",
                           simulation.frame().value - 1, picture.get());
            picture = std::async(std::launch::async, middle, simulation.capture());
        }
        const std::string hash = canon::hash_text(simulation.state_hash());
        fmt::print("state hash {}\n", hash);
        return expected.empty() || expected == hash ? 0 : 4;
    } catch (const canon::Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 3;
    }
}
