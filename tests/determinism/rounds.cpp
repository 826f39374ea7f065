// Goal: engine.call: a job stops, is answered during the commit in stamp order, and goes on in the
// next round of the frame. Method: programs whose answers show the order, the world before and
// after, and what of the job's own state survived.
#include <boost/test/unit_test.hpp>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(rounds)

BOOST_AUTO_TEST_CASE(calls_are_answered_in_stamp_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 60 do engine.submit("work", i, { priority = i % 7 }) end end
        function jobs.work(i)
            for k = 1, (i * 7919) % 997 do end
            local first = engine.call("ticket")
            for k = 1, (i * 104729) % 997 do end
            local second = engine.call("ticket")
            note({ i, first, second })
        end
        function actions.ticket()
            engine.add("probe", "number", 1)
            return engine.get("probe", "number")
        end
    )lua",
                                                   1));
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 60u);
    for (int i = 1; i <= 60; ++i) {
        const Value& entry = log[static_cast<std::size_t>(i - 1)];
        BOOST_TEST(entry[1].as_integer() == i);
        BOOST_TEST(entry[2].as_integer() == i);
        BOOST_TEST(entry[3].as_integer() == 60 + i);
    }
    BOOST_TEST(describe_all(trace.faults()) == "");
}

BOOST_AUTO_TEST_CASE(what_was_asked_for_before_the_call_is_committed_before_the_answer) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame() for i = 1, 3 do engine.submit("work", i) end end
        function jobs.work(i)
            engine.set("probe", "number", i * 10)
            local unit = engine.spawn_entity("unit", { x = i })
            local answer = engine.call("look", unit)
            -- The next round sees all that the first one committed.
            note({ answer[1], answer[2], answer[3], engine.get("probe", "number"), engine.count("unit"), engine.get(unit, "x") })
        end
        function actions.look(unit)
            return { engine.get("probe", "number"), engine.count("unit"), engine.get(unit, "x") }
        end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) ==
               "[[10,1,1,30,3,1],[20,2,2,30,3,2],[30,3,3,30,3,3]]");
}

BOOST_AUTO_TEST_CASE(posts_of_a_round_are_done_before_the_job_goes_on) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work") engine.submit("other") end
        function jobs.work()
            local answer = engine.call("start")
            note({ answer, engine.get("probe", "number") })
        end
        function jobs.other() engine.post_to_main_thread("bump", 100) end
        function actions.start()
            engine.post_to_main_thread("bump", 1)
            return engine.get("probe", "number")
        end
        function actions.bump(by) engine.add("probe", "number", by) end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) == "[[0,101]]");
}

BOOST_AUTO_TEST_CASE(a_job_keeps_all_its_state_over_a_call) {
    const Trace trace = compare_workers(with_probe(R"lua(
        local module_local = "image"
        function on_frame() for i = 1, 150 do engine.submit("work", i, { key = i }) end end
        local function churn(i)
            local t = {}
            for k = 1, i % 40 do t[k] = ("text"):rep(k) .. i end
            return t
        end
        function jobs.work(i)
            module_local = "job " .. i
            my_global = { i }
            local t, shared = churn(i), {}
            shared.self = shared
            local co = coroutine.wrap(function() local n = i while true do n = n + 1 coroutine.yield(n) end end)
            local iterator, state, control = pairs({ a = 1, b = 2, c = 3 })
            control = iterator(state, control)
            co()
            local answers = {}
            for round = 1, 3 do
                answers[round] = engine.call("twice", { i, round, t[round] })[1]
                local again = churn(i)
                for k = 1, #t do assert(t[k] == again[k]) end
                assert(module_local == "job " .. i and my_global[1] == i and shared.self == shared)
            end
            assert(co() == i + 2)
            assert(iterator(state, control) == "b")
            note({ i, answers[1], answers[2], answers[3] })
        end
        function actions.twice(x) return { x[1] * 2 + x[2], x[3] } end
    )lua",
                                                   2));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 300u);
    for (int i = 1; i <= 150; ++i) {
        const std::string expected = "[" + std::to_string(i) + "," + std::to_string(2 * i + 1) +
                                     "," + std::to_string(2 * i + 2) + "," +
                                     std::to_string(2 * i + 3) + "]";
        BOOST_TEST(to_json(log[static_cast<std::size_t>(i - 1)]) == expected);
    }
}

BOOST_AUTO_TEST_CASE(random_numbers_go_on_over_a_call) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work", true, { key = 5 }) engine.submit("work", false, { key = 5 }) end
        function jobs.work(calls)
            local drawn = {}
            for i = 1, 9 do
                drawn[i] = math.random(1, 1000000)
                if calls and i % 2 == 0 then engine.call("draw") end
            end
            note(table.concat(drawn, " "))
        end
        function actions.draw() return math.random() end
    )lua",
                                                   1));
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 2u);
    BOOST_TEST(log[0].as_string() == log[1].as_string());
}

BOOST_AUTO_TEST_CASE(calls_work_inside_coroutines_of_the_script) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 20 do engine.submit("work", i) end end
        function jobs.work(i)
            local co = coroutine.create(function(a)
                local got = engine.call("double", a)
                local back = coroutine.yield(got)
                local inner = coroutine.wrap(function()
                    local x = engine.call("double", back)
                    coroutine.yield(x)
                    return engine.call("double", x)
                end)
                return inner(), inner()
            end)
            local ok, first = coroutine.resume(co, i)
            local status = coroutine.status(co)
            local ok_too, second, third = coroutine.resume(co, 100 + i)
            note({ ok, first, status, ok_too, second, third, coroutine.status(co) })
        end
        function actions.double(x) return x * 2 end
    )lua",
                                                   1));
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 20u);
    BOOST_TEST(to_json(log[0]) == R"([true,2,"suspended",true,202,404,"dead"])");
    BOOST_TEST(to_json(log[19]) == R"([true,40,"suspended",true,240,480,"dead"])");
}

BOOST_AUTO_TEST_CASE(calls_work_through_pcall_iterators_and_metamethods) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 5 do engine.submit("work", i) end end
        function jobs.work(i)
            local out = {}
            out[1], out[2] = pcall(engine.call, "double", i)
            out[3], out[4] = pcall(function() return engine.call("double", i) + engine.call("double", 1) end)
            out[5], out[6] = xpcall(function() return engine.call("double", 7) end, function() return "no" end)
            local object = setmetatable({}, {
                __index = function(_, key) return engine.call("double", key) end,
                __add = function(_, other) return engine.call("double", other) end,
                __lt = function() return engine.call("double", 1) == 2 end,
                __call = function(_, x) return engine.call("double", x) end,
            })
            out[7], out[8], out[9], out[10] = object[21], object + 50, object < object, object(8)
            local sum = 0
            for x in function(_, last) local x = engine.call("double", (last or 0) + 1) if x < 40 then return x end end do
                sum = sum + x
            end
            out[11] = sum
            note(out)
        end
        function actions.double(x) return x * 2 end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 5u);
    BOOST_TEST(to_json(log[2]) == "[true,6,true,8,true,14,42,100,true,16,52]");  // 2 + 6 + 14 + 30
}

BOOST_AUTO_TEST_CASE(a_call_where_lua_cannot_stop_is_a_fault_that_says_so) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 3 do engine.submit("work", i) end end
        function jobs.work(i)
            engine.add("probe", "number", 1)
            if i == 1 then table.sort({ 3, 1, 2 }, function(a, b) return engine.call("less", { a, b }) end)
            elseif i == 2 then string.gsub("abc", "%w", function(c) return engine.call("less", { c, c }) end)
            elseif i == 3 then table.sort({ 1, 2 }, function(a, b)
                return coroutine.wrap(function() return engine.call("less", { a, b }) end)()
            end) end
        end
        function actions.less(x) return x[1] < x[2] end
    )lua",
                                                   1));
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 3u);
    for (const Fault& fault : faults) {
        BOOST_TEST((fault.kind == FaultKind::error));
        BOOST_TEST(fault.message.find("engine.call") != std::string::npos, fault.message);
        BOOST_TEST(fault.message.find("table.sort") != std::string::npos, fault.message);
    }
    BOOST_TEST(probe_text(*trace.simulation, "number") == "0");
}

BOOST_AUTO_TEST_CASE(handlers_may_call_handlers_at_once) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 3 do engine.submit("work", i) end say(engine.call("outer", 100)) end
        function jobs.work(i) note(engine.call("outer", i)) end
        function actions.outer(i)
            engine.add("probe", "number", 1)
            local answer = engine.call("inner", { i = i })
            answer[#answer + 1] = engine.get("probe", "number")
            return answer
        end
        function actions.inner(x)
            engine.add("probe", "number", 10)
            return { x.i, engine.get("probe", "number") }
        end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == "[[100,11,11],[1,22,22],[2,33,33],[3,44,44]]");
}

BOOST_AUTO_TEST_CASE(data_and_answers_are_copies) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work") say(ask()) end
        function ask()
            local data = { 1, { 2 } }
            local answer = engine.call("change", data)
            local nothing = engine.call("nothing")
            local empty = engine.call("same", {})
            return { data[1], data[2][1], answer[1], answer[2][1], nothing == nil, type(empty), next(empty) == nil,
                     engine.call("same", 1.0), engine.call("same", "\0\255") == "\0\255", engine.call("same", false),
                     math.type(engine.call("same", 1)) }
        end
        function jobs.work() note(ask()) end
        function actions.change(x) x[1] = "changed" x[2][1] = "too" return x end
        function actions.nothing() end
        function actions.same(x) return x end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const std::string once = R"([1,2,"changed","too",true,"table",true,1.0,true,false,"integer"])";
    BOOST_TEST(probe_text(*trace.simulation) == "[" + once + "," + once + "]");
}

BOOST_AUTO_TEST_CASE(an_error_in_the_handler_raises_in_the_caller) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 6 do engine.submit("work", i) end end
        function jobs.work(i)
            engine.add("probe", "number", 1)
            if i % 2 == 0 then engine.call("broken", i) end
            local ok, why = pcall(engine.call, "broken", i)
            local ok_too, answer = pcall(engine.call, "good", i)
            note({ ok, why, ok_too, answer })
        end
        function actions.broken(i)
            engine.add("probe", "number", 1000)
            error("no " .. i, 0)
        end
        function actions.good(i) return i end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) ==
               R"([[false,"no 1",true,1],[false,"no 3",true,3],[false,"no 5",true,5]])");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "6");
    std::size_t of_jobs = 0;
    for (const Fault& fault : trace.faults())
        if (fault.in_job) {
            ++of_jobs;
            BOOST_TEST(fault.function == "jobs.work");
            BOOST_TEST(fault.message.find("no ") != std::string::npos, fault.message);
        }
    BOOST_TEST(of_jobs == 3u);
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_reaches_the_caller_as_it_is) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work") say(ask()) end
        function ask()
            local _, table_thrown = pcall(engine.call, "throw_table")
            local _, number_thrown = pcall(engine.call, "throw_number")
            return { type(table_thrown) == "table" and table_thrown.code, number_thrown }
        end
        function jobs.work() note(ask()) end
        function actions.throw_table() error({ code = 7 }) end
        function actions.throw_number() error(42) end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) == "[[7,42],[7,42]]");
}

BOOST_AUTO_TEST_CASE(a_job_that_faults_after_a_call_keeps_its_earlier_rounds_and_loses_the_last) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame) if frame == 1 then for i = 1, 10 do engine.submit("work", i) end end end
        function jobs.work(i)
            engine.add("probe", "number", 1)
            engine.spawn_entity("unit", { x = 1 })
            engine.submit("child", { i, 1 })
            engine.call("tick")
            engine.add("probe", "number", 100)
            engine.spawn_entity("unit", { x = 2 })
            engine.submit("child", { i, 2 })
            note("never")
            if i % 2 == 0 then error("too late") end
            engine.add("probe", "number", -100)
        end
        function jobs.child(x) note(x[2]) end
        function actions.tick() end
    )lua",
                                                   2));
    BOOST_TEST(trace.faults().size() == 5u);
    for (const Fault& fault : trace.faults()) BOOST_TEST(fault.stamp.round == 1u);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "10");
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 15u);
    BOOST_TEST(probe_text(*trace.simulation) ==
               R"(["never","never","never","never","never",1,1,1,1,1,1,1,1,1,1,2,2,2,2,2])");
}

BOOST_AUTO_TEST_CASE(actions_of_a_round_are_committed_by_job_not_by_round_number) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 3 do engine.submit("work", i) end end
        function jobs.work(i)
            note(i .. " round 0")
            for round = 1, 4 - i do
                engine.call("nothing")
                note(i .. " round " .. round)
            end
        end
        function actions.nothing() end
    )lua",
                                                   1));
    BOOST_TEST(
        probe_text(*trace.simulation) ==
        R"(["1 round 0","2 round 0","3 round 0","1 round 1","2 round 1","3 round 1","1 round 2","2 round 2","1 round 3"])");
    BOOST_TEST(trace.reports[1].rounds == 4u);
}

BOOST_AUTO_TEST_CASE(rounds_past_the_limit_are_a_fault_and_the_earlier_ones_stay) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() engine.submit("work", 4) engine.submit("work", 5) engine.submit("endless") end
        function jobs.work(calls)
            for i = 1, calls do engine.call("tick") end
            engine.add("probe", "real", 1)
        end
        function jobs.endless() while true do pcall(engine.call, "tock") end end
        function actions.tick() engine.add("probe", "number", 1) end
        function actions.tock() engine.add("probe", "number", 100) end
    )lua",
                                   2);
    scenario.limits.rounds = 4;
    const Trace trace = compare_workers(scenario);
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 4u);
    for (const Fault& fault : faults) BOOST_TEST((fault.kind == FaultKind::limit), describe(fault));
    BOOST_TEST(probe_text(*trace.simulation, "real") == "2.0");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "816");
}

BOOST_AUTO_TEST_CASE(bytes_put_aside_past_the_limit_are_a_fault_of_the_same_jobs_everywhere) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() for i = 1, 60 do engine.submit("work", i, { priority = i % 4 }) end end
        function jobs.work(i)
            local held = {}
            for k = 1, 2000 do held[k] = k * i end
            engine.call("tick")
            note(held[2000])
        end
        function actions.tick() end
    )lua",
                                   2);
    scenario.limits.put_aside_bytes = 1 << 20;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(trace.faults().size() > 10u);
    BOOST_TEST(trace.faults().size() < 110u);
    for (const Fault& fault : trace.faults())
        BOOST_TEST((fault.kind == FaultKind::limit), describe(fault));
}

BOOST_AUTO_TEST_CASE(handlers_that_call_each_other_for_ever_are_a_fault) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work") engine.submit("neighbour") end
        function jobs.work() engine.call("ping", 1) end
        function jobs.neighbour() note("neighbour") end
        function actions.ping(n) engine.add("probe", "number", 1) engine.call("pong", n + 1) end
        function actions.pong(n) engine.call("ping", n + 1) end
    )lua",
                                                   2));
    BOOST_TEST(trace.faults().size() >= 2u);
    BOOST_TEST(probe_text(*trace.simulation) == R"(["neighbour","neighbour"])");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "0");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
