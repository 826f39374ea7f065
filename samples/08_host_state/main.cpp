// Host state: what a C++ engine simulates itself becomes part of the session by one `serialize`
// function, which saves it, restores it, hashes it and dumps it.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "canon/hash.hpp"
#include "canon/host_state.hpp"
#include "canon/simulation.hpp"

struct Weather {
    double wind = 0;
    std::vector<double> rain = std::vector<double>(8);  // by sector, in mm

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(wind), CEREAL_NVP(rain));
    }

    void blow(double strength) {
        wind = 0.75 * wind + strength;
        for (std::size_t i = 0; i < rain.size(); ++i)
            rain[i] = 0.5 * rain[i] + (i % 2 == 0 ? wind : 0.25 * wind);
    }
};

constexpr const char* kProgram = R"lua(
template("crop", { sector = 1, height = 0.0 })

function on_start() for i = 1, 200 do engine.spawn_entity("crop", { sector = i % 8 + 1 }) end end

function on_frame()
    engine.post_to_main_thread("blow", math.random())
    engine.submit_each("grow", "crop", { batch = 50 })
end

function jobs.grow(ids)
    local rain = engine.call("rain")
    for _, id in ipairs(ids) do engine.add(id, "height", rain[engine.get(id, "sector")]) end
end
)lua";

int main(int argc, char** argv) {
    std::uint64_t frames = 30;
    canon::SimulationOptions options;
    std::string expected;
    CLI::App app("A host whose weather is part of the session");
    app.add_option("--frames", frames);
    app.add_option("--workers", options.workers);
    app.add_option("--seed", options.seed);
    app.add_option("--expect-hash", expected);
    CLI11_PARSE(app, argc, argv);
    try {
        Weather weather;
        canon::Simulation::Host host;
        host.states.emplace_back("weather", [&] { return canon::make_host_state(weather); });
        host.handlers.push_back({"blow", [&](canon::HandlerContext&, const canon::Value& data) {
                                     weather.blow(data.as_number());
                                     return canon::Value();
                                 }});
        host.handlers.push_back({"rain", [&](canon::HandlerContext&, const canon::Value&) {
                                     return canon::Value(
                                         canon::List(weather.rain.begin(), weather.rain.end()));
                                 }});
        canon::Simulation simulation(canon::Program::from_modules({{"main", kProgram}}), options,
                                     host);
        std::shared_ptr<const canon::SimulationSnapshot> half_way;
        while (simulation.frame().value < frames) {
            for (const canon::Fault& fault : simulation.step().faults)
                fmt::print("{}\n", canon::describe(fault));
            if (simulation.frame().value == frames / 2) half_way = simulation.capture();
        }
        const std::string hash = canon::hash_text(simulation.state_hash());
        fmt::print("wind {:.6f}, state hash {}\n", weather.wind, hash);
        if (half_way) {  // back, and on again: the weather goes with it
            simulation.restore(*half_way);
            while (simulation.frame().value < frames) simulation.step();
        }
        const std::string again = canon::hash_text(simulation.state_hash());
        fmt::print("wind {:.6f}, state hash {}\n", weather.wind, again);
        return hash == again && (expected.empty() || expected == hash) ? 0 : 4;
    } catch (const canon::Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 3;
    }
}
