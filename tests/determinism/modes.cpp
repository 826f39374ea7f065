// Goal: what differs between builds of Lua is told by the fingerprint, refused in canonical mode,
// and where it is an outcome (a run that a limit has ended) a replay can be told of it. Method: an
// unknown build is imitated by a seed that cannot be set; another build's limits by other limits;
// hashes of all frames are compared.
#include <boost/test/unit_test.hpp>
#include <set>

#include "canon/fingerprint.hpp"
#include "canon/hash.hpp"
#include "determinism/child.hpp"
#include "determinism/melee.hpp"
#include "script/lua.hpp"
#include "script/lua_probe.hpp"

namespace canon::test {
namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

struct UnknownSeed {
    UnknownSeed() { script::force_unknown_seed(true); }
    ~UnknownSeed() { script::force_unknown_seed(false); }
};

// Of each frame.
std::vector<std::uint64_t> chains(const Scenario& scenario, SimulationMode mode, unsigned workers) {
    SimulationOptions options{.workers = workers, .seed = scenario.seed};
    options.config = scenario.config;
    options.limits = scenario.limits;
    options.mode = mode;
    Simulation simulation(load(scenario), options,
                          scenario.host ? scenario.host() : Simulation::Host{});
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < scenario.frames; ++i)
        all.push_back(step(simulation, scenario).chain);
    return all;
}

constexpr const char* kChildCase = "determinism/modes/child_that_tells_its_fingerprint";

// Jobs, a handler and callbacks that spend what they have: some in each frame, in rounds 0 and 1.
constexpr const char* kSpenders = R"lua(
template("thing", { n = 0 })
function on_start() for i = 1, 12 do engine.spawn_entity("thing") end end
function on_frame(frame)
    engine.submit_each("run", "thing")
    engine.post_to_main_thread("work", frame)
    if frame % 3 == 0 then spend("loop") end
end
function spend(how)
    if how == "loop" then for i = 1, 400000 do end end
    if how == "memory" then local t = {} for i = 1, 100000 do t[i] = i end end
    if how == "work" then string.rep("x", 4000000) end
    if how == "output" then local line = ("x"):rep(1000) for i = 1, 2000 do engine.log("info", line) end end
end
local ways = { "loop", "memory", "work", "output" }
function jobs.run(id)
    local way = ways[(id + engine.frame()) % 7 + 1]
    engine.add(id, "n", 1)
    if way and id % 2 == 0 then counter.count() spend(way) end
    local answer = engine.call("ask", id)
    engine.add(id, "n", answer)
    if way and id % 2 == 1 then counter.count() spend(way) end
end
function actions.ask(id) return id end
function actions.work(frame) if frame % 4 == 1 then spend("loop") end engine.set(engine.each("thing")(), "n", frame) end
)lua";

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(modes)

BOOST_AUTO_TEST_CASE(child_that_tells_its_fingerprint, *boost::unit_test::disabled()) {
    answer_parent(describe(fingerprint()));
}

BOOST_AUTO_TEST_CASE(the_fingerprint_is_the_same_in_every_process) {
    BOOST_TEST(run_child(kChildCase) == describe(fingerprint()));
    BOOST_TEST(run_child(kChildCase, {{{"LC_ALL", "de_DE.UTF-8"},
                                       {"GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-FMA"}}}) ==
               describe(fingerprint()));
    BOOST_TEST(fingerprint().lua.starts_with("Lua 5.4."));
    BOOST_TEST(fingerprint().not_exact == "");
}

BOOST_AUTO_TEST_CASE(the_fingerprint_tells_releases_and_builds_of_lua_apart) {
    const Fingerprint& here = fingerprint();
    BOOST_TEST(here.lua == LUA_RELEASE);
    const auto differs = [&](const auto& change) {
        Fingerprint other = here;
        change(other);
        BOOST_TEST(other.digest() != here.digest());
        BOOST_TEST(explain_difference(other, here) != "");
    };
    differs([](Fingerprint& other) { other.lua = "Lua 5.4.9"; });
    differs([](Fingerprint& other) { ++other.order_probe; });
    differs([](Fingerprint& other) { ++other.layout_probe; });
    differs([](Fingerprint& other) { ++other.math_probe; });
    differs([](Fingerprint& other) { ++other.format; });
    differs([](Fingerprint& other) { other.not_exact = "no seed"; });
}

BOOST_AUTO_TEST_CASE(a_difference_of_fingerprints_says_what_follows) {
    const Fingerprint& here = fingerprint();
    BOOST_TEST(explain_difference(here, here) == "");
    Fingerprint other = here;
    other.lua = "Lua 5.4.9";
    ++other.order_probe;
    ++other.layout_probe;
    ++other.math_probe;
    ++other.format;
    other.not_exact = "no seed";
    const std::string text = explain_difference(other, here);
    for (const char* part : {"5.4.9", "arena_order()", "limits on memory", "strict math", "format",
                             "without exact mode: no seed"})
        BOOST_TEST(contains(text, part), text);
    BOOST_TEST(other.digest() != here.digest());
}

BOOST_AUTO_TEST_CASE(exact_mode_is_refused_where_the_seed_cannot_be_set) {
    const UnknownSeed unknown;
    BOOST_CHECK_EXCEPTION(chains(melee(), SimulationMode::exact, 1), Error, [](const Error& error) {
        return contains(error.what(), "exact mode is refused") &&
               contains(error.what(), "ask for canonical mode");
    });
}

BOOST_AUTO_TEST_CASE(canonical_mode_gives_the_same_hashes_with_and_without_a_known_seed) {
    const std::vector<std::uint64_t> exact = chains(melee(), SimulationMode::exact, 2);
    BOOST_TEST(chains(melee(), SimulationMode::canonical, 2) == exact,
               boost::test_tools::per_element());
    const UnknownSeed unknown;
    for (const unsigned workers : {1u, 3u})
        BOOST_TEST(chains(melee(), SimulationMode::canonical, workers) == exact,
                   boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(arena_order_is_one_order_for_all_workers_and_needs_exact_mode) {
    const Scenario scenario = with_probe(R"lua(
        arena_order()
        local owners = {}
        local kinds = { {}, print, coroutine.create(print), {}, function() end }
        for i, kind in ipairs(kinds) do owners[kind] = i end
        owners[1], owners.x, owners[true] = 10, 11, 12
        function on_frame() engine.submit("look") engine.submit("look_at_many") end
        function jobs.look()
            local order = {}
            for k, v in pairs(owners) do order[#order + 1] = v end
            local behind = next(owners, kinds[1])
            note(order) note(owners[behind]) note(owners[next(owners)])
        end
        function jobs.look_at_many()
            local many, keys, order = {}, {}, {}
            for i = 1, 100 do keys[i] = i % 2 == 0 and {} or function() return i end end
            for i = 100, 1, -1 do many[keys[i]] = i end
            for k, v in pairs(many) do order[#order + 1] = v many[k] = nil end
            note(#order) note(order[1] ~= 100) note(next(many) == nil)
        end
    )lua");
    const Trace trace = compare_workers(scenario);
    const std::string text = probe_text(*trace.simulation);
    BOOST_TEST(contains(text, "[10,11,12,"), text);
    BOOST_TEST(contains(text, "100,true,true"), text);
    BOOST_TEST(trace.faults().empty());
    BOOST_TEST(trace.simulation->needs_exact_mode());
    BOOST_TEST(!start(melee(), 1)->needs_exact_mode());
    BOOST_CHECK_EXCEPTION(
        chains(scenario, SimulationMode::canonical, 1), Error,
        [](const Error& error) { return contains(error.what(), "needs exact mode"); });
}

BOOST_AUTO_TEST_CASE(a_replay_is_told_which_runs_a_limit_has_ended) {
    for (const unsigned workers : {1u, 3u}) {
        const auto make = [&](std::int64_t instructions) {
            SimulationOptions options{.workers = workers};
            options.limits.job_instructions = instructions;
            options.limits.callback_instructions = instructions;
            options.limits.memory_bytes = instructions < 1'000'000 ? 1 << 20 : 32 << 20;
            options.limits.library_work = instructions < 1'000'000 ? 200'000 : 20'000'000;
            options.limits.strikes = 1000;
            Simulation::Host host;
            host.functions.push_back(host_function("counter", "count", [] { return 1; }));
            return std::make_unique<Simulation>(Program::from_modules({{"main", kSpenders}}),
                                                options, host);
        };
        const auto recorded = make(200'000);
        const auto generous = make(50'000'000);
        std::set<FaultKind> kinds;
        std::size_t jobs = 0, others = 0, later_rounds = 0;
        bool differs = false;
        for (int frame = 1; frame <= 12; ++frame) {
            const FrameReport report = recorded->step();
            for (const KilledRun& run : report.killed) {
                kinds.insert(run.kind);
                ++(run.in_job ? jobs : others);
                later_rounds += run.stamp.round > 0 ? 1 : 0;
            }
            const FrameReport& again = generous->replay({}, report.killed);
            BOOST_TEST_REQUIRE(again.chain == report.chain, "frame " << frame);
            BOOST_TEST((again.killed == report.killed));
            BOOST_TEST(describe_all(again.faults).empty() == report.faults.empty());
        }
        BOOST_TEST(kinds.size() == 4u);
        BOOST_TEST(jobs > 10u);
        BOOST_TEST(others > 3u);
        BOOST_TEST(later_rounds > 3u);
        // Without being told, this one goes another way.
        const auto alone = make(50'000'000);
        const auto limited = make(200'000);
        for (int frame = 1; frame <= 3; ++frame)
            differs = differs || alone->step().chain != limited->step().chain;
        BOOST_TEST(differs);
    }
}

BOOST_AUTO_TEST_CASE(a_run_that_a_replay_knows_as_ended_is_not_run) {
    int runs = 0;
    const auto make = [&] {
        Simulation::Host host;
        host.functions.push_back(host_function("counter", "count", [&] { return ++runs; }));
        return std::make_unique<Simulation>(
            Program::from_modules({{"main",
                                    "function on_frame() engine.submit('run') end "
                                    "function jobs.run() counter.count() while true do end end"}}),
            SimulationOptions{.workers = 1, .limits = quick_limits()}, host);
    };
    const auto recorded = make();
    const FrameReport report = recorded->step();
    BOOST_TEST_REQUIRE(report.killed.size() == 1u);
    BOOST_TEST((report.killed[0].kind == FaultKind::budget));
    runs = 0;
    const auto replayed = make();
    BOOST_TEST(replayed->replay({}, report.killed).chain == report.chain);
    BOOST_TEST(runs == 0);
    BOOST_TEST(replayed->replay({}, {}).faults.size() == 1u);  // limits hold in a replay, too
}

// A background job of some 1.5 times the instructions that the smaller limit allows.
constexpr const char* kPlanner = R"lua(
singleton("plan", { made = 0 })
function on_frame(frame) if frame <= 2 then engine.submit("plan", frame, { deliver = 2 }) end end
function jobs.plan(frame)
    for i = 1, 300000 do end
    engine.add("plan", "made", frame)
end
)lua";

std::unique_ptr<Simulation> planner(std::int64_t instructions, unsigned workers) {
    SimulationOptions options{.workers = workers};
    options.limits.job_instructions = instructions;
    return std::make_unique<Simulation>(Program::from_modules({{"main", kPlanner}}), options);
}

BOOST_AUTO_TEST_CASE(a_background_job_that_is_begun_in_a_replay_ends_as_it_did_when_recorded) {
    const auto made = [](const Simulation& simulation) {
        const World& world = simulation.world();
        return world.get(world.singleton("plan"), "made").as_integer();
    };
    for (const unsigned workers : {1u, 3u}) {
        // It had time enough: here it would not have, but that limits are twice as large.
        auto recorded = planner(50'000'000, workers), again = planner(200'000, workers);
        for (int frame = 1; frame <= 5; ++frame) {
            const FrameReport report = recorded->step();
            BOOST_TEST_REQUIRE(again->replay({}, report.killed).chain == report.chain,
                               "frame " << frame);
        }
        BOOST_TEST(made(*again) == 3);
        // It had not: here it would have, but for being told, in the frame of delivery.
        recorded = planner(200'000, workers), again = planner(50'000'000, workers);
        std::size_t killed = 0;
        for (int frame = 1; frame <= 5; ++frame) {
            const FrameReport report = recorded->step();
            for (const KilledRun& run : report.killed) {
                ++killed;
                BOOST_TEST((run.kind == FaultKind::budget));
                BOOST_TEST(run.stamp.frame.value + 2 == static_cast<std::uint64_t>(frame));
            }
            BOOST_TEST_REQUIRE(again->replay({}, report.killed).chain == report.chain,
                               "frame " << frame);
        }
        BOOST_TEST(killed == 2u);
        BOOST_TEST(made(*again) == 0);
        // The one begun in the replay has twice as much, the one begun in a step has not, in
        // whichever frame they end.
        recorded = planner(200'000, workers);
        recorded->replay({}, {});
        std::string faults;
        for (int frame = 2; frame <= 5; ++frame) faults += describe_all(recorded->step().faults);
        BOOST_TEST(made(*recorded) == 1);
        BOOST_TEST(faults.starts_with("budget: frame 4, job 0:0 of jobs.plan: "), faults);
    }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
