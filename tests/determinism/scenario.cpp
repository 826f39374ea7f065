#include "determinism/scenario.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "canon/hash.hpp"
#include "canon/json.hpp"

namespace canon::test {

const char* const kProbe =
    R"lua(singleton("probe", { log = any, number = 0, real = 0.0, text = "", flag = false, who = entity }) )lua"
    R"lua(function actions.note(x) local log = engine.get("probe", "log") or {} log[#log + 1] = x )lua"
    R"lua(engine.set("probe", "log", log) end )lua"
    R"lua(function note(x) engine.post_to_main_thread("note", x) end say = actions.note )lua";

Limits quick_limits() {
    Limits limits;
    limits.job_instructions = 200'000;
    limits.callback_instructions = 400'000;
    limits.memory_bytes = 2 << 20;
    limits.collect_bytes = 512 << 10;
    return limits;
}

Scenario with_probe(std::string_view text, std::uint64_t frames) {
    return {.main = kProbe + std::string(text), .frames = frames};
}

std::shared_ptr<const Program> load(const Scenario& scenario) {
    std::vector<Module> modules = scenario.modules;
    modules.push_back({"main", scenario.main});
    return Program::from_modules(std::move(modules));
}

std::unique_ptr<Simulation> start(const Scenario& scenario, unsigned workers) {
    SimulationOptions options;
    options.workers = workers;
    options.seed = scenario.seed;
    options.config = scenario.config;
    options.limits = scenario.limits;
    options.check_writes = scenario.check_writes;
    return std::make_unique<Simulation>(load(scenario), std::move(options),
                                        scenario.host ? scenario.host() : Simulation::Host{});
}

const FrameReport& step(Simulation& simulation, const Scenario& scenario) {
    if (!scenario.inputs) return simulation.step();
    return simulation.step(scenario.inputs(simulation.frame().value + 1));
}

std::vector<Fault> Trace::faults() const {
    std::vector<Fault> all;
    for (const FrameReport& report : reports)
        all.insert(all.end(), report.faults.begin(), report.faults.end());
    return all;
}

std::vector<LogEntry> Trace::log() const {
    std::vector<LogEntry> all;
    for (const FrameReport& report : reports)
        all.insert(all.end(), report.log.begin(), report.log.end());
    return all;
}

Trace run(const Scenario& scenario, unsigned workers) {
    Trace trace;
    trace.simulation = start(scenario, workers);
    trace.reports.push_back(trace.simulation->start_report());
    for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame)
        trace.reports.push_back(step(*trace.simulation, scenario));
    return trace;
}

namespace {

void note_difference(std::ostringstream& out, const char* what, const auto& a, const auto& b) {
    if (a != b) out << "; " << what << ": " << a << " / " << b;
}

std::string text_of(const Fault& fault) {
    std::ostringstream out;
    out << describe(fault) << " [" << fault_name(fault.kind) << ", stamp "
        << fault.stamp.frame.value << ":" << fault.stamp.submission << ":" << fault.stamp.job << ":"
        << fault.stamp.round << ":" << fault.stamp.index << (fault.in_job ? ", job, " : ", ")
        << fault.function << ", " << fault.chunk << ":" << fault.line << "] " << fault.traceback;
    return out.str();
}

std::string text_of(const LogEntry& entry) {
    return std::to_string(static_cast<int>(entry.level)) + " " + entry.function + ": " + entry.text;
}

std::string text_of(const LostWrite& write) {
    return describe(write) + ", " + std::to_string(write.count) + " times, first by job " +
           std::to_string(write.stamp.submission) + ":" + std::to_string(write.stamp.job);
}

template <class List>
void note_lists(std::ostringstream& out, const char* what, const List& a, const List& b) {
    if (a.size() != b.size()) out << "; " << what << "s: " << a.size() << " / " << b.size();
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        const std::string one = text_of(a[i]), other = text_of(b[i]);
        if (one == other) continue;
        out << "; " << what << " " << i << ": " << one << " / " << other;
        return;
    }
}

}  // namespace

std::string difference(const FrameReport& a, const FrameReport& b) {
    std::ostringstream out;
    note_difference(out, "frame", a.frame.value, b.frame.value);
    note_difference(out, "state_hash", hash_text(a.state_hash), hash_text(b.state_hash));
    note_difference(out, "chain", hash_text(a.chain), hash_text(b.chain));
    note_difference(out, "action_hash", hash_text(a.action_hash), hash_text(b.action_hash));
    note_difference(out, "jobs", a.jobs, b.jobs);
    note_difference(out, "actions", a.actions, b.actions);
    note_difference(out, "dead_actions", a.dead_actions, b.dead_actions);
    note_difference(out, "refused_actions", a.refused_actions, b.refused_actions);
    note_difference(out, "skipped_jobs", a.skipped_jobs, b.skipped_jobs);
    note_difference(out, "rounds", a.rounds, b.rounds);
    note_difference(out, "entities", a.entities, b.entities);
    note_lists(out, "fault", a.faults, b.faults);
    note_lists(out, "log entry", a.log, b.log);
    note_lists(out, "lost write", a.lost_writes, b.lost_writes);
    return out.str();
}

std::string first_line_that_differs(const std::string& a, const std::string& b) {
    std::istringstream left(a), right(b);
    for (int number = 1;; ++number) {
        std::string one, other;
        const bool more = static_cast<bool>(std::getline(left, one));
        const bool other_more = static_cast<bool>(std::getline(right, other));
        if (!more && !other_more) return {};
        if (one != other || more != other_more)
            return "line " + std::to_string(number) + ": " + (more ? one : "(end)") + " / " +
                   (other_more ? other : "(end)");
    }
}

Trace compare_workers(const Scenario& scenario, std::span<const unsigned> counts) {
    std::vector<std::unique_ptr<Simulation>> lanes;
    for (unsigned workers : counts) lanes.push_back(start(scenario, workers));
    Trace trace;
    const auto compare = [&](std::size_t lane, const FrameReport& report) {
        const std::string differs = difference(trace.reports.back(), report);
        if (differs.empty()) return;
        std::string line = first_line_that_differs(lanes[0]->dump(), lanes[lane]->dump());
        if (line.empty()) line = "none";
        BOOST_FAIL("frame " << report.frame.value << " differs with " << counts[0] << " and with "
                            << counts[lane] << " workers" << differs
                            << "\nfirst line of the dumps that differs: " << line);
    };
    trace.reports.push_back(lanes[0]->start_report());
    for (std::size_t lane = 1; lane < lanes.size(); ++lane)
        compare(lane, lanes[lane]->start_report());
    for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame) {
        trace.reports.push_back(step(*lanes[0], scenario));
        BOOST_REQUIRE_EQUAL(trace.reports.back().frame.value, frame);
        for (std::size_t lane = 1; lane < lanes.size(); ++lane)
            compare(lane, step(*lanes[lane], scenario));
    }
    trace.simulation = std::move(lanes[0]);
    return trace;
}

void check_same_state(const Simulation& a, const Simulation& b, std::string_view when) {
    if (a.frame() == b.frame() && a.state_hash() == b.state_hash() && a.chain() == b.chain())
        return;
    const std::string line = first_line_that_differs(a.dump(), b.dump());
    BOOST_ERROR(when << ": frame " << a.frame().value << " / " << b.frame().value << ", state "
                     << hash_text(a.state_hash()) << " / " << hash_text(b.state_hash())
                     << ", chain " << hash_text(a.chain()) << " / " << hash_text(b.chain())
                     << "\nfirst line of the dumps that differs: " << line);
}

Value probe(const Simulation& simulation, std::string_view field) {
    const World& world = simulation.world();
    return world.get(world.singleton("probe"), field);
}

std::string probe_text(const Simulation& simulation, std::string_view field) {
    return to_json(probe(simulation, field));
}

std::vector<EntityId> ids_of(const Simulation& simulation, std::string_view template_name) {
    std::vector<EntityId> ids;
    simulation.world().each(simulation.world().schema().find(template_name), ids);
    return ids;
}

std::string describe_all(const std::vector<Fault>& faults) {
    std::string out;
    for (const Fault& fault : faults)
        out += std::string(fault_name(fault.kind)) + ": " + describe(fault) + "\n";
    return out;
}

}  // namespace canon::test
