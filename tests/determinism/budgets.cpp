// Goal: nothing that a script does runs for ever or eats the machine, and where it ends is the same
// on every worker. Method: endless loops and memory eaters in each place where a script runs,
// wrapped in what a script has to protect itself; between innocent jobs. Budgets are small, but for
// one case with the default ones.
#include <boost/test/unit_test.hpp>

#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

const char* const kNeighbours = R"lua(
function jobs.neighbour(i) engine.add("probe", "number", 1) end
)lua";

// Runs `body` as a job between two innocent ones for two frames and returns its faults.
std::vector<Fault> faults_of_job(const std::string& body, Limits limits = quick_limits(),
                                 std::span<const unsigned> counts = kWorkerCounts) {
    Scenario scenario = with_probe(std::string(kNeighbours) + R"lua(
        template("unit", { x = 0 })
        function on_frame(frame)
            engine.submit("neighbour") engine.submit("runaway", frame) engine.submit("neighbour")
        end
        function jobs.runaway(frame)
            engine.add("probe", "real", 1)
            engine.spawn_entity("unit")
            )lua" + body + R"lua(
        end
        function actions.nothing() end
    )lua",
                                   2);
    scenario.limits = limits;
    const Trace trace = compare_workers(scenario, counts);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "4");
    BOOST_TEST(probe_text(*trace.simulation, "real") == "0.0");
    BOOST_TEST(ids_of(*trace.simulation, "unit").empty());
    return trace.faults();
}

void check_kind(const std::vector<Fault>& faults, FaultKind kind, std::size_t count = 2) {
    BOOST_REQUIRE_EQUAL(faults.size(), count);
    for (const Fault& fault : faults)
        BOOST_TEST((fault.kind == kind), describe(fault)
                                             << " is of kind " << fault_name(fault.kind));
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(budgets)

BOOST_AUTO_TEST_CASE(an_endless_loop_in_a_job_ends_however_it_is_wrapped) {
    const char* const loops[] = {
        "while true do end",
        "::again:: goto again",
        "for i = 1, math.huge do end",
        "local function f() return f() end f()",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error, 'x') end",
        "pcall(function() while true do end end) while true do end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "xpcall(error, function() while true do end end)",
        "while true do xpcall(error, function() error('again') end) end",
        "coroutine.wrap(function() while true do end end)()",
        "coroutine.resume(coroutine.create(function() while true do end end)) while true do end",
        "while true do coroutine.wrap(function() for i = 1, 10 do end end)() end",
        "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true "
        "do co() end",
        "local function deep() coroutine.wrap(function() deep() end)() end while true do "
        "pcall(deep) end",
        "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) while true "
        "do pcall(function() return t[1] end) end",
        "local t = setmetatable({}, { __close = function() while true do end end }) do local x "
        "<close> = t end",
        "pcall(function() local x <close> = setmetatable({}, { __close = function() while true do "
        "end end }) error('x') end)",
        "table.sort({ 3, 1, 2 }, function(a, b) while true do end end)",
        "string.gsub('abc', '%w', function() while true do end end)",
        "for _ in function() return 1 end do end",
        "tostring(setmetatable({}, { __tostring = function() while true do end end }))",
    };
    for (const char* loop : loops) BOOST_TEST_CONTEXT(loop) {
            check_kind(faults_of_job(loop), FaultKind::budget);
        }
}

BOOST_AUTO_TEST_CASE(nothing_that_would_catch_an_error_returns_from_a_spent_budget) {
    const char* const catchers[] = {
        "pcall(endless)",
        "pcall(pcall, endless)",
        "xpcall(endless, print)",
        "xpcall(error, endless)",
        "coroutine.resume(coroutine.create(endless))",
        "pcall(coroutine.wrap(endless))",
        "load(endless)",
        "pcall(string.gsub, 'x', 'x', endless)",
        "pcall(table.sort, { 2, 1 }, endless)",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = "
        "endless }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
        "pcall(function() local x <close> = setmetatable({}, { __close = function() "
        "print('behind') "
        "end }) endless() end)",
    };
    for (const char* catcher : catchers) BOOST_TEST_CONTEXT(catcher) {
            const Trace trace = compare_workers(
                with_probe(std::string("local function endless() while true do end end "
                                       "function on_frame() engine.submit('run') end "
                                       "function jobs.run() print('before') ") +
                               catcher + " print('behind') end",
                           1),
                kFewWorkerCounts);
            check_kind(trace.faults(), FaultKind::budget, 1);
            BOOST_REQUIRE_EQUAL(trace.log().size(), 1u);
            BOOST_TEST(trace.log()[0].text == "before");
        }
}

BOOST_AUTO_TEST_CASE(an_endless_loop_after_calls_ends_and_keeps_the_earlier_rounds) {
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) engine.submit("work") engine.submit("work") end
        function jobs.work()
            engine.add("probe", "number", 1)
            engine.call("nothing")
            engine.add("probe", "number", 1000)
            pcall(function() while true do end end)
        end
        function actions.nothing() end
    )lua",
                                   2);
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(trace.faults().size() == 4u);
    for (const Fault& fault : trace.faults()) {
        BOOST_TEST((fault.kind == FaultKind::budget));
        BOOST_TEST(fault.stamp.round == 1u);
    }
    BOOST_TEST(probe_text(*trace.simulation, "number") == "4");
}

BOOST_AUTO_TEST_CASE(an_endless_loop_on_the_main_thread_ends_and_is_undone) {
    for (const std::string function :
         {"on_start", "on_input", "on_frame", "on_commit", "on_fault", "actions.handle"}) {
        BOOST_TEST_CONTEXT(function) {
            Scenario scenario = with_probe(R"lua(
                function on_frame(frame) engine.submit("good") end
                function jobs.good() engine.add("probe", "number", 1) engine.post_to_main_thread("handle") error_once() end
                function actions.handle() end
                function error_once() engine.submit("bad") end
                function jobs.bad() error("for on_fault") end
                local next_on_frame = on_frame
                function )lua" + function + R"lua((...)
                    engine.add("probe", "real", 1)
                    engine.post_to_main_thread("note", "never")
                    if "on_frame" == ")lua" + function +
                                               R"lua(" then pcall(next_on_frame, ...) end
                    pcall(function() while true do end end)
                    while true do pcall(error) end
                end
            )lua",
                                           3);
            scenario.limits.strikes = 1000;
            scenario.inputs = [](std::uint64_t) { return std::vector<Input>{{1, 1, 1}}; };
            const Trace trace = compare_workers(scenario);
            std::size_t spent = 0;
            for (const Fault& fault : trace.faults())
                if (fault.function == function) {
                    BOOST_TEST((fault.kind == FaultKind::budget), describe(fault));
                    ++spent;
                }
            BOOST_TEST(spent >= (function == "on_start" ? 1u : 2u), describe_all(trace.faults()));
            BOOST_TEST(probe_text(*trace.simulation, "real") == "0.0");
            BOOST_TEST(probe_text(*trace.simulation) == "null");
            if (function != "on_frame") BOOST_TEST(probe_text(*trace.simulation, "number") == "3");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_handler_that_spends_its_budget_in_a_call_stops_and_the_caller_hears_of_it) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) if frame == 1 then engine.submit("caught") engine.submit("uncaught") end end
        function jobs.caught()
            local ok = pcall(engine.call, "endless")
            note(ok)
        end
        function jobs.uncaught() engine.call("endless") note("never") end
        function actions.endless() engine.add("probe", "number", 1) while true do end end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) == "[false]");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "0");
    BOOST_TEST(trace.faults().size() >= 1u);
}

BOOST_AUTO_TEST_CASE(a_memory_eater_ends_however_it_is_wrapped) {
    Limits limits = quick_limits();
    limits.job_instructions = 5'000'000;
    const char* const eaters[] = {
        "local t = {} while true do t = { t, t, t, t } end",
        "local t = {} for i = 1, math.huge do t[i] = i end",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end",
        "('x'):rep(1 << 40)",
        "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
        "local t = {} while true do t[#t + 1] = function() return t end end",
        "local function deep() return 1 + deep() end deep()",
        "while true do pcall(function() local t = {} while true do t = { t, t, t, t } end end) end",
        "while true do pcall(string.rep, 'x', 1 << 30) end",
        "local t = {} pcall(function() while true do t[#t + 1] = { #t } end end) t = nil",
        ("xpcall(function() local t = {} while true do t = { t, t } end end, function() return 'x' "
         "end)"),
        "coroutine.wrap(function() local t = {} while true do t = { t, t, t, t } end end)()",
        "local t = {} for i = 1, 100000 do t[i] = 'key ' .. i end table.concat(t, ('x'):rep(1000))",
    };
    for (const char* eater : eaters) {
        BOOST_TEST_CONTEXT(eater) {
            const std::vector<Fault> faults = faults_of_job(eater, limits, kFewWorkerCounts);
            BOOST_REQUIRE_EQUAL(faults.size(), 2u);
            BOOST_TEST(fault_name(faults[0].kind) == std::string(fault_name(faults[1].kind)));
            const std::string text = eater;
            // A string that is too long at one go and a stack that is too deep may be errors of
            // their own.
            if (text.find("rep") == std::string::npos && text.find("deep") == std::string::npos &&
                text.find("s = s .. s") == std::string::npos)
                check_kind(faults, FaultKind::memory);
        }
    }
}

// Lua collects garbage when an allocation of a table or a string is refused, and tries again; for
// the buffers of its library it does not. Neither must show: whichever is refused, it was the last.
BOOST_AUTO_TEST_CASE(nothing_that_a_run_does_follows_the_first_refused_allocation) {
    Limits limits = quick_limits();
    limits.job_instructions = 5'000'000;
    limits.library_work = 100'000'000;
    limits.memory_bytes = 4 << 20;
    limits.collect_bytes = 4 << 20;  // no collection but of the refused
    const char* const appetites[] = {
        "local t = {} for i = 1, 200000 do t = { i } end",
        "local s for i = 1, 2000 do s = ('x' .. i):rep(5000) end",
        ("local t = {} for i = 1, 1000 do t[i] = 'x' end "
         "for i = 1, 500 do table.concat(t, ('y'):rep(50)) end"),
        "for i = 1, 500 do string.gsub(('x'):rep(5000), 'x', 'yyyy') end",
        "for i = 1, 500 do string.format('%s%s', ('x'):rep(9000), i) end",
        "for i = 1, 20000 do coroutine.wrap(function() end)() end",
        "for i = 1, 200000 do local f = function() return i end end",
        "for i = 1, 40000 do load('return ' .. i) end",
    };
    for (const char* appetite : appetites) {
        BOOST_TEST_CONTEXT(appetite) {
            Scenario scenario =
                with_probe(std::string("function on_frame() engine.submit('eat') end "
                                       "function jobs.eat() print('before') "
                                       "local ok = pcall(function() ") +
                               appetite + " end) print('behind') note(ok) end",
                           1);
            scenario.limits = limits;
            const Trace trace = compare_workers(scenario, kFewWorkerCounts);
            BOOST_REQUIRE_EQUAL(trace.faults().size(), 1u);
            BOOST_TEST((trace.faults()[0].kind == FaultKind::memory), describe_all(trace.faults()));
            BOOST_REQUIRE_EQUAL(trace.log().size(), 1u);
            BOOST_TEST(trace.log()[0].text == "before");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_recursion_without_end_ends_alike_on_every_worker) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() engine.submit("work") end
        function jobs.work()
            local depth = 0
            local function descend() depth = depth + 1 return 1 + descend() end
            local ok = pcall(descend)
            note({ ok, depth })
        end
    )lua",
                                   1);
    scenario.limits.job_instructions = 50'000'000;
    scenario.limits.memory_bytes = 16 << 20;
    const Trace small = compare_workers(scenario, kFewWorkerCounts);
    BOOST_REQUIRE_EQUAL(small.faults().size(), 1u);
    BOOST_TEST((small.faults()[0].kind == FaultKind::memory), describe_all(small.faults()));
    // Where there is memory, Lua's stack has its own end, which is an error like any other.
    scenario.limits.memory_bytes = 256 << 20;
    const Trace large = compare_workers(scenario, kFewWorkerCounts);
    BOOST_TEST(describe_all(large.faults()) == "");
    BOOST_TEST(probe_text(*large.simulation) == "[[false,999989]]");
}

BOOST_AUTO_TEST_CASE(garbage_within_the_limit_is_collected) {
    Limits limits = quick_limits();
    limits.job_instructions = 5'000'000;
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) for i = 1, 4 do engine.submit("work", i) end end
        function jobs.work(i)
            local kept = {}
            for k = 1, 60000 do
                local t = { k, { k } }
                if k % 1000 == 0 then kept[#kept + 1] = t end
            end
            note(#kept + i)
        end
    )lua",
                                   1);
    scenario.limits = limits;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == "[61,62,63,64]");
}

BOOST_AUTO_TEST_CASE(memory_limits_end_the_same_jobs_on_every_worker) {
    // Jobs of slowly growing appetite: some step between two of them is the limit, and it must be
    // the same one everywhere.
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) for i = 1, 60 do engine.submit("eat", i, { priority = (i * 7) % 5 }) end end
        function jobs.eat(i)
            local eaten = {}
            for k = 1, i * 40 do eaten[k] = { k, tostring(k) .. ("x"):rep(20) } end
            for k = 1, i * 40, 3 do eaten[k] = nil end
            note(i)
        end
    )lua",
                                                   1));
    for (const Fault& fault : trace.faults())
        if (fault.kind != FaultKind::budget)
            BOOST_TEST((fault.kind == FaultKind::memory), describe(fault));
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) for i = 1, 60 do engine.submit("eat", i, { priority = (i * 7) % 5 }) end end
        function jobs.eat(i)
            local eaten = {}
            for k = 1, i * 40 do eaten[k] = { k } end
            note(i)
        end
    )lua",
                                   1);
    scenario.limits.memory_bytes = 128 << 10;
    scenario.limits.collect_bytes = 64 << 10;
    const Trace small = compare_workers(scenario);
    const std::vector<Fault> faults = small.faults();
    BOOST_TEST(faults.size() > 5u);
    BOOST_TEST(faults.size() < 55u);
    for (const Fault& fault : faults)
        BOOST_TEST((fault.kind == FaultKind::memory), describe(fault));
    // Monotone: who eats more than one that was ended is ended too.
    for (std::size_t i = 0; i < faults.size(); ++i)
        BOOST_TEST(faults[i].stamp.submission == 60 - faults.size() + i);
}

BOOST_AUTO_TEST_CASE(instruction_limits_end_the_same_jobs_on_every_worker) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) for i = 1, 60 do engine.submit("work", i, { priority = (i * 7) % 5 }) end end
        function jobs.work(i)
            local co = coroutine.wrap(function() while true do for k = 1, 100 do end coroutine.yield() end end)
            for k = 1, i * 50 do co() pcall(math.floor, k) end
            note(i)
        end
    )lua",
                                                   1));
    const std::vector<Fault> faults = trace.faults();
    BOOST_TEST(faults.size() > 5u);
    BOOST_TEST(faults.size() < 55u);
    for (std::size_t i = 0; i < faults.size(); ++i) {
        BOOST_TEST((faults[i].kind == FaultKind::budget));
        BOOST_TEST(faults[i].stamp.submission == 60 - faults.size() + i);
    }
}

BOOST_AUTO_TEST_CASE(default_limits_end_an_endless_loop_and_a_memory_eater) {
    check_kind(faults_of_job("while true do end", Limits{}, kFewWorkerCounts), FaultKind::budget);
    check_kind(faults_of_job("local t = {} while true do t = { t, t, t, t, t, t, t, t } end",
                             Limits{}, kFewWorkerCounts),
               FaultKind::memory);
}

BOOST_AUTO_TEST_CASE(a_run_that_was_overdue_and_made_again_leaves_no_trace) {
    // With the default budget a run is hookless at first; one of several milliseconds is dropped
    // and made again.
    Scenario scenario = with_probe(R"lua(
        template("unit", { x = 0.0 })
        function on_frame(frame)
            for i = 1, 4 do engine.submit("long", i, { key = i }) engine.submit("short", i, { key = i }) end
        end
        local function burn(n) local x = 0 for i = 1, n do x = (x * 31 + i) % 1000003 end return x end
        function jobs.long(i)
            engine.log("info", "long " .. i)
            local first = engine.spawn_entity("unit", { x = math.random() })
            engine.add("probe", "number", burn(150000 + i))
            local answer = engine.call("answer", i)
            engine.log("info", "answered " .. answer)
            engine.set(first, "x", math.random() + burn(150000 + i) + answer)
            local ok, again = pcall(engine.call, "answer", burn(50000))
            note({ i, again, math.random(1, 1000) })
            if i == 3 then error("long " .. burn(150000)) end
        end
        function jobs.short(i) engine.call("answer", i) note({ -i, math.random(1, 1000) }) end
        function actions.answer(i) engine.add("probe", "real", math.random()) return i * 2 end
    )lua",
                                   2);
    scenario.limits.job_instructions = Limits{}.job_instructions;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(trace.faults().size() == 2u, describe_all(trace.faults()));
    BOOST_TEST(trace.log().size() == 16u);
    // A budget that is always counted from the start must not change anything either.
    scenario.limits.job_instructions = 9'000'000;
    const Trace counted = compare_workers(scenario);
    BOOST_TEST(counted.simulation->world().state_hash() == trace.simulation->world().state_hash());
}

BOOST_AUTO_TEST_CASE(actions_and_log_text_without_end_are_a_fault) {
    Limits limits = quick_limits();
    limits.job_instructions = 50'000'000;
    for (const char* body :
         {"while true do engine.post_to_main_thread('nothing', ('x'):rep(10000)) end",
          "while true do pcall(engine.log, 'info', ('x'):rep(10000)) end"})
        BOOST_TEST_CONTEXT(body) {
            check_kind(faults_of_job(body, limits, kFewWorkerCounts), FaultKind::output);
        }
}

BOOST_AUTO_TEST_CASE(library_work_without_instructions_is_a_fault) {
    check_kind(faults_of_job(
                   "local s = ('x'):rep(100000) while true do s:find('y', 1, true) s:upper() end",
                   quick_limits(), kFewWorkerCounts),
               FaultKind::work);
    // Each of these alone takes a second or more, so one number of workers must do.
    constexpr unsigned kTwo[] = {2};
    check_kind(faults_of_job("table.move({}, 1, 1 << 40, 2)", quick_limits(), kTwo),
               FaultKind::work);
}

BOOST_AUTO_TEST_CASE(pattern_matching_without_end_is_a_fault) {
    constexpr unsigned kTwo[] = {2};
    for (const char* body : {"local s = ('a'):rep(3000) s:find(('.-'):rep(6) .. 'b')",
                             "for _ in ('x'):rep(100000):gmatch('.-y') do end",
                             "string.gsub(('x'):rep(200000), 'x*y', '')"})
        BOOST_TEST_CONTEXT(body) {
            check_kind(faults_of_job(body, quick_limits(), kTwo), FaultKind::work);
        }
}

BOOST_AUTO_TEST_CASE(a_function_that_spends_its_budget_several_frames_running_is_disabled) {
    const char* const program = R"lua(
        function on_frame(frame)
            engine.submit("runaway") engine.submit("runaway")
            engine.submit("sometimes", frame)
            engine.submit("good")
        end
        function jobs.runaway() while true do end end
        function jobs.sometimes(frame) if frame % 3 ~= 0 then while true do end end engine.add("probe", "real", 1) end
        function jobs.good() engine.add("probe", "number", 1) end
    )lua";
    Scenario scenario = with_probe(program, 9);
    const Trace trace = compare_workers(scenario);
    for (std::uint64_t frame = 1; frame <= 9; ++frame) {
        BOOST_TEST_CONTEXT("frame " << frame) {
            std::size_t spent = 0;
            for (const Fault& fault : trace.reports[frame].faults)
                if (fault.function == "jobs.runaway" && fault.kind == FaultKind::budget) ++spent;
            BOOST_TEST(spent == (frame <= 3 ? 2u : 0u));
            BOOST_TEST(trace.reports[frame].skipped_jobs == (frame <= 3 ? 0u : 2u));
        }
    }
    BOOST_TEST(probe_text(*trace.simulation, "number") == "9");
    BOOST_TEST(probe_text(*trace.simulation, "real") == "3.0");  // not several frames running
    // It binds: the same world, but another state.
    const Trace three = run(with_probe(program, 3));
    Trace other;
    other.simulation = start(scenario);
    Bytes saved;
    three.simulation->save(saved);
    ByteReader reader(saved.view());
    other.simulation->load(reader);
    BOOST_TEST(other.simulation->step().skipped_jobs == 2u);
    BOOST_TEST(other.simulation->state_hash() == trace.reports[4].state_hash);
}

BOOST_AUTO_TEST_CASE(the_number_of_strikes_is_an_option) {
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) engine.submit("runaway") end
        function jobs.runaway() while true do end end
    )lua",
                                   4);
    scenario.limits.strikes = 1;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(trace.faults().size() >= 1u);
    BOOST_TEST(trace.reports[1].skipped_jobs == 0u);
    for (int frame = 2; frame <= 4; ++frame)
        BOOST_TEST(trace.reports[static_cast<std::size_t>(frame)].skipped_jobs == 1u);
}

// Stock Lua 5.4.4 dies of such a chain.
BOOST_AUTO_TEST_CASE(coroutines_closed_inside_each_other_do_not_overflow_the_stack) {
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) engine.submit("work") end
        function jobs.work()
            local co
            for i = 1, 100000 do
                local inner = co
                co = coroutine.create(function()
                    local x <close> = setmetatable({}, { __close = function() if inner then coroutine.close(inner) end end })
                    coroutine.yield()
                end)
                coroutine.resume(co)
            end
            note({ coroutine.close(co) })
        end
    )lua",
                                   1);
    scenario.limits = Limits{};
    scenario.limits.memory_bytes = 256 << 20;
    scenario.limits.collect_bytes = 256 << 20;
    const Trace trace = compare_workers(scenario, kFewWorkerCounts);
    BOOST_TEST(describe_all(trace.faults()) == "");  // all of the chain was made
    BOOST_TEST(probe_text(*trace.simulation) == R"([[true]])");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
