// A C++ host: it loads a program, answers its calls with a handler of its own, gives it inputs and
// reads its world.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "canon/hash.hpp"
#include "canon/simulation.hpp"

constexpr const char* kProgram = R"lua(
template("probe", { height = 0.0, depth = 0.0 })

function on_start() for _ = 1, 100 do engine.spawn_entity("probe", { height = math.random() * 50.0 }) end end

function on_input(source, input) engine.submit_each("dive", "probe", { batch = input.probes }) end

function jobs.dive(ids)
    for _, id in ipairs(ids) do
        engine.set(id, "depth", engine.call("sound_depth", { height = engine.get(id, "height") }))
    end
end
)lua";

// Runs on the main thread, in the order of the jobs' stamps; it may use and change the world and
// host state.
canon::Value sound_depth(canon::HandlerContext&, const canon::Value& data) {
    return 100.0 - 2.0 * data["height"].as_number();
}

int main(int argc, char** argv) {
    std::uint64_t frames = 20;
    canon::SimulationOptions options;
    std::string expected;
    CLI::App app("A C++ host of Canon");
    app.add_option("--frames", frames);
    app.add_option("--workers", options.workers);
    app.add_option("--seed", options.seed);
    app.add_option("--expect-hash", expected);
    CLI11_PARSE(app, argc, argv);
    try {
        canon::Simulation::Host host;
        host.handlers.emplace_back("sound_depth", sound_depth);
        canon::Simulation simulation(canon::Program::from_modules({{"main", kProgram}}), options,
                                     host);
        while (simulation.frame().value < frames) {
            const canon::Input input{.source = 1, .data = canon::Map{{"probes", 10}}};
            for (const canon::Fault& fault : simulation.step({&input, 1}).faults)
                fmt::print("{}\n", canon::describe(fault));
        }
        const canon::World& world = simulation.world();
        std::vector<canon::EntityId> probes;
        world.each(world.schema().find("probe"), probes);
        fmt::print("the first probe's depth: {}\n", world.get(probes[0], "depth").as_number());
        const std::string hash = canon::hash_text(simulation.state_hash());
        fmt::print("state hash {}\n", hash);
        return expected.empty() || expected == hash ? 0 : 4;
    } catch (const canon::Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 3;
    }
}
