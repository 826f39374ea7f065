#include "cli/bench_programs.hpp"

#include <vector>

#include "canon/error.hpp"

namespace canon::cli {

// In each of them jobs are for the entities of `unit`, which hold what the bare loop's functions
// return, so that both do the same.
const char* const kThinkProgram = R"(
template("unit", { target = 0 })

function on_start(config)
    for i = 1, config.units do engine.spawn_entity("unit") end
end

function on_frame() engine.submit_each("run", "unit") end

function jobs.run(id)
    local x, y = id * 1.0, id * 0.5
    local best, best_at = 1e18, 0
    for i = 1, 16 do
        local dx, dy = x - i * 3.0, y - i * 2.0
        local distance = dx * dx + dy * dy
        if distance < best then best, best_at = distance, i end
    end
    engine.set(id, "target", best_at)
end
)";

const char* const kLookProgram = R"(
template("unit", { x = 1.5, y = 1.5, hp = 1.5, target = 0 })

function on_start(config)
    for i = 1, config.units do engine.spawn_entity("unit") end
end

function on_frame() engine.submit_each("run", "unit") end

function jobs.run(id)
    local best, best_at = 1e18, 0
    local first = id - (id - 1) % 16
    for other = first, first + 15 do
        local x, y, hp = engine.get(other, "x", "y", "hp")
        local dx, dy = x - id * 0.5, y - id * 0.25
        local distance = dx * dx + dy * dy + hp
        if distance < best then best, best_at = distance, other end
    end
    engine.set(id, "target", best_at)
end
)";

const char* const kPonderProgram = R"(
template("unit", { target = 0 })

function on_start(config)
    for i = 1, config.units do engine.spawn_entity("unit") end
end

function on_frame() engine.submit_each("run", "unit") end

function jobs.run(id)
    local x, y = id * 1.0, id * 0.5
    local best, best_at = 1e18, 0
    for i = 1, 4200 do
        local dx, dy = x - i * 3.0, y - i * 2.0
        local distance = dx * dx + dy * dy
        if distance < best then best, best_at = distance, i end
    end
    engine.set(id, "target", best_at)
end
)";

const char* const kAskProgram = R"(
template("unit", { target = 0 })

function on_start(config)
    for i = 1, config.units do engine.spawn_entity("unit") end
end

function on_frame() engine.submit_each("run", "unit") end

function jobs.run(id) engine.call("answer", id) end
)";

const char* const kIdleProgram = R"(
template("unit", { target = 0 })

function on_start(config)
    for i = 1, config.units do engine.spawn_entity("unit") end
end

function on_frame() engine.submit_each("run", "unit") end

function jobs.run(id) end
)";

namespace {

// Tables and strings, as a program with much data in its modules has. One entry takes about 145
// bytes.
std::string ballast(std::size_t bytes) {
    return "local entries = {}\nfor i = 1, " + std::to_string(bytes / 145) +
           " do entries[i] = { i, 'entry ' .. i } end\nballast = entries\n";
}

}  // namespace

std::shared_ptr<const Program> program_of(const std::string& source, std::size_t bytes) {
    std::vector<Module> modules{{"main", source}};
    if (bytes != 0) {
        modules[0].source = "require 'ballast'\n" + source;
        modules.push_back({"ballast", ballast(bytes)});
    }
    return Program::from_modules(std::move(modules));
}

BenchSimulation::BenchSimulation(std::shared_ptr<const Program> program, std::int64_t units,
                                 unsigned workers, Simulation::Host host)
    : units_(units) {
    SimulationOptions options;
    options.workers = workers;
    Map config;
    config.set("units", units);
    options.config = Value(std::move(config));
    simulation_ = std::make_unique<Simulation>(std::move(program), options, std::move(host));
    std::vector<EntityId> ids;
    simulation_->world().each(simulation_->world().schema().find("unit"), ids);
    first_id_ = ids.front().value;
}

const FrameReport& BenchSimulation::frame() {
    const FrameReport& report = simulation_->step();
    if (!report.faults.empty())
        throw Error("a job of a benchmark failed: " + report.faults.front().message);
    return report;
}

double BenchSimulation::target_of(std::int64_t id) const {
    return simulation_->world().get(EntityId{id}, "target").as_number();
}

}  // namespace canon::cli
