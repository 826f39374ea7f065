// Goal: what fails changes nothing beyond itself: a job's round, a handler, a callback are each
// kept whole or undone whole. Method: programs that change everything there is to change and then
// fail; the world, and what runs later, must show none of it. Savepoints are nested by
// pcall(engine.call, ...).
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "canon/chaos.hpp"
#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

// A function `change_everything(by)` that uses each engine function that changes something.
const char* const kChanges = R"lua(
template("unit", { x = 0, bag = any, cells = array(0, 3), name = "" })
singleton("ids", { waiting = 0, planned = 0 })
function on_start()
    for i = 1, 3 do engine.spawn_entity("unit", { x = i, bag = { 1, { a = 2 } }, name = "unit " .. i }) end
    engine.set("ids", "waiting", engine.submit("told", "kept timer", { delay = 5 }))
    engine.set("ids", "planned", engine.submit("told", "kept plan", { deliver = 5 }))
end
function jobs.told(x) engine.post_to_main_thread("tell", x) end
function actions.tell(x) actions.note({ engine.frame(), x }) end
function change_everything(by)
    local first, last
    for id in engine.each("unit") do first, last = first or id, id end
    engine.set(first, "name", by)
    engine.add(first, "x", 1000)
    engine.set(first, "bag", { by })
    engine.put(first, "cells", 2, 77)
    engine.put(last, "bag", 2, "a", by)
    engine.put(last, "bag", 3, by)
    engine.destroy(last)
    local new = engine.spawn_entity("unit", { name = by })
    engine.add(new, "x", 5)
    engine.submit("told", by .. " submits")
    engine.submit("told", by .. " delays", { delay = 2 })
    engine.submit("told", by .. " plans", { deliver = 2 })
    engine.submit_each("told", "unit")
    engine.cancel(engine.get("ids", "waiting"))
    engine.cancel(engine.get("ids", "planned"))
    engine.post_to_main_thread("tell", by .. " posts")
    engine.set("probe", "text", by)
end
)lua";

Scenario changing(std::string_view text, std::uint64_t frames = 8) {
    return with_probe(std::string(kChanges) + std::string(text), frames);
}

void check_untouched(const Trace& trace) {
    const World& world = trace.simulation->world();
    const std::vector<EntityId> ids = ids_of(*trace.simulation, "unit");
    BOOST_REQUIRE_EQUAL(ids.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        BOOST_TEST(world.get(ids[i], "x").as_integer() == static_cast<std::int64_t>(i + 1));
        BOOST_TEST(world.get(ids[i], "name").as_string() == "unit " + std::to_string(i + 1));
        BOOST_TEST(to_json(world.get(ids[i], "bag")) == R"([1,{"a":2}])");
        BOOST_TEST(to_json(world.get(ids[i], "cells")) == "[0,0,0]");
    }
    BOOST_TEST(probe_text(*trace.simulation, "text") == R"("")");
    const List log = probe(*trace.simulation).as_list();
    BOOST_TEST(log.size() == 2u, to_json(Value(log)));
    for (const Value& entry : log)
        BOOST_TEST(entry[2].as_string().starts_with("kept"), to_json(entry));
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(without_a_failure_every_change_is_made) {
    const Trace trace = compare_workers(
        changing("function on_frame(frame) if frame == 1 then change_everything('it') end end"));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation, "text") == R"("it")");
    const std::string log = probe_text(*trace.simulation);
    for (const char* what : {"it submits", "it delays", "it plans", "it posts"})
        BOOST_TEST(log.find(what) != std::string::npos, log);
    BOOST_TEST(log.find("kept") == std::string::npos, log);
}

BOOST_AUTO_TEST_CASE(a_job_that_fails_commits_nothing_of_its_round) {
    const Trace trace = compare_workers(changing(R"lua(
        function on_frame(frame) if frame == 1 then engine.submit("bad") end end
        function jobs.bad() change_everything("bad job") error("at the end") end
    )lua"));
    BOOST_TEST(trace.faults().size() == 1u);
    check_untouched(trace);
}

BOOST_AUTO_TEST_CASE(a_handler_that_fails_changes_nothing) {
    const Trace trace = compare_workers(changing(R"lua(
        function on_frame(frame) if frame == 1 then engine.submit("work") end end
        function jobs.work()
            engine.set("probe", "number", 1)
            engine.post_to_main_thread("bad")
            engine.add("probe", "number", 1)
        end
        function actions.bad() change_everything("bad handler") error("at the end") end
    )lua"));
    check_untouched(trace);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "2");
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 1u);
    BOOST_TEST(!faults[0].in_job);
    BOOST_TEST(faults[0].function == "actions.bad");
    BOOST_TEST((faults[0].kind == FaultKind::error));
    BOOST_TEST(faults[0].stamp.frame.value == 1u);
    BOOST_TEST(faults[0].stamp.index == 1u);
}

BOOST_AUTO_TEST_CASE(each_callback_that_fails_is_undone) {
    for (const std::string callback : {"on_input", "on_frame", "on_commit", "on_fault"}) {
        BOOST_TEST_CONTEXT(callback) {
            Scenario scenario = changing(
                "local frame_of_failure = 1 function on_frame(frame) "
                "if frame == 1 then engine.submit('faulty') end end "
                "function jobs.faulty() error('for on_fault') end "
                "function " +
                callback +
                "(...) if engine.frame() == 1 then change_everything('bad callback') "
                "error('at the end') end end");
            scenario.inputs = [](std::uint64_t) { return std::vector<Input>{{1, 1, "x"}}; };
            const Trace trace = compare_workers(scenario);
            check_untouched(trace);
            bool found = false;
            for (const Fault& fault : trace.faults())
                found |= fault.function == callback && !fault.in_job;
            BOOST_TEST(found, describe_all(trace.faults()));
        }
    }
}

BOOST_AUTO_TEST_CASE(on_start_that_fails_is_undone_and_the_frames_go_on) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_start()
            engine.spawn_entity("unit")
            engine.submit("work")
            engine.post_to_main_thread("note", 1)
            engine.set("probe", "number", 5)
            error("no start")
        end
        function jobs.work() note("never") end
        function on_frame(frame) engine.add("probe", "number", frame) end
    )lua",
                                                   3));
    BOOST_REQUIRE_EQUAL(trace.reports[0].faults.size(), 1u);
    BOOST_TEST(trace.reports[0].faults[0].function == "on_start");
    BOOST_TEST(trace.faults().size() == 1u);
    BOOST_TEST(ids_of(*trace.simulation, "unit").empty());
    BOOST_TEST(probe_text(*trace.simulation) == "null");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "6");
}

BOOST_AUTO_TEST_CASE(a_call_that_fails_inside_a_handler_undoes_only_what_it_did) {
    const Trace trace = compare_workers(changing(R"lua(
        function on_frame(frame) if frame == 1 then engine.submit("work") end end
        function jobs.work() engine.post_to_main_thread("outer") end
        function actions.outer()
            engine.set("probe", "number", 1)
            assert(not pcall(engine.call, "bad"))
            engine.add("probe", "number", 10)
            assert(pcall(engine.call, "good", 100))
            assert(not pcall(engine.call, "good_then_bad"))
            engine.add("probe", "number", 10000)
            assert(engine.get("probe", "number") == 10111)
        end
        function actions.bad() change_everything("bad") error("no") end
        function actions.good(by) engine.add("probe", "number", by) end
        function actions.good_then_bad()
            engine.call("good", 1000)
            change_everything("inner")
            assert(not pcall(engine.call, "bad"))
            error("no")
        end
    )lua"));
    check_untouched(trace);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "10111");
}

BOOST_AUTO_TEST_CASE(a_call_that_fails_in_a_callback_undoes_only_what_it_did) {
    const Trace trace = compare_workers(changing(R"lua(
        function on_frame(frame)
            if frame > 1 then return end
            engine.set("probe", "number", 1)
            assert(not pcall(engine.call, "bad"))
            assert(pcall(engine.call, "good", 100))
        end
        function actions.bad() change_everything("bad") error("no") end
        function actions.good(by) engine.add("probe", "number", by) end
    )lua"));
    check_untouched(trace);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "101");
}

BOOST_AUTO_TEST_CASE(a_call_that_a_job_survives_undoes_only_what_the_handler_did) {
    const Trace trace = compare_workers(changing(R"lua(
        function on_frame(frame) if frame == 1 then engine.submit("work") end end
        function jobs.work()
            engine.add("probe", "number", 1)
            assert(not pcall(engine.call, "bad"))
            engine.add("probe", "number", 10)
        end
        function actions.bad() change_everything("bad") error("no") end
    )lua"));
    check_untouched(trace);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "11");
}

BOOST_AUTO_TEST_CASE(pcall_alone_is_no_savepoint) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            pcall(function() engine.add("probe", "number", 1) error("caught") end)
            engine.submit("work")
        end
        function jobs.work() pcall(function() engine.add("probe", "number", 10) error("caught") end) end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "11");
}

BOOST_AUTO_TEST_CASE(a_fault_names_its_file_alike_wherever_the_program_lies) {
    namespace fs = std::filesystem;
    const fs::path work =
        fs::temp_directory_path() / ("canon_test_places_" + std::to_string(getpid()));
    std::set<std::string> told;
    for (const char* place : {"a", "a/folder of a longer name/and another one in it"}) {
        const fs::path folder = work / place / "program";
        fs::create_directories(folder / "ai");
        std::ofstream(folder / "main.lua")
            << "local ai = require 'ai.targets'\n"
               "function on_frame() engine.submit('think') engine.submit('fail') end\n"
               "function jobs.think() ai.fail() end\n"
               "function jobs.fail() engine.log('info', select(2, pcall(ai.fail))) ai.slip() end\n";
        std::ofstream(folder / "ai" / "targets.lua")
            << "return { fail = function() error('no target') end,\n"
               "  slip = function() return nil + 1 end }\n";
        Simulation simulation(Program::from_path(folder), {.workers = 1});
        const FrameReport& report = simulation.step();
        BOOST_REQUIRE_EQUAL(report.faults.size(), 2u);
        BOOST_TEST(report.faults[0].chunk == "ai/targets.lua");
        BOOST_TEST(report.faults[0].message == "ai/targets.lua:1: no target");
        BOOST_TEST(report.faults[1].chunk == "ai/targets.lua");
        BOOST_TEST(report.faults[1].message.starts_with("ai/targets.lua:2: "));
        BOOST_REQUIRE_EQUAL(report.log.size(), 1u);
        BOOST_TEST(report.log[0].text == "ai/targets.lua:1: no target");
        told.insert(describe_all(report.faults) + report.faults[0].traceback +
                    report.faults[1].traceback +
                    std::to_string(simulation.statistics().image_live_bytes));
    }
    BOOST_TEST(told.size() == 1u);
    fs::remove_all(work);
}

BOOST_AUTO_TEST_CASE(a_fault_says_what_where_and_who) {
    const Trace trace = compare_workers({.main = R"lua(template("unit", { x = 0 })
            function on_start() for i = 1, 5 do engine.spawn_entity("unit", { x = i }) end end
            function on_frame(frame)
                if frame ~= 2 then return end
                engine.submit("fine")
                engine.submit_each("think", "unit")
            end
            function jobs.fine() end
            local function deeper(x)
                error("x is " .. x)
            end
            function jobs.think(id)
                local x = engine.get(id, "x")
                if x == 4 then deeper(x) end
                if x == 5 then local nothing = nil; nothing.field = 1 end
            end)lua",
                                         .frames = 3});
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 2u);
    const Fault& fault = faults[0];
    BOOST_TEST((fault.kind == FaultKind::error));
    BOOST_TEST(fault.frame.value == 2u);
    BOOST_TEST(fault.stamp.frame.value == 2u);
    BOOST_TEST(fault.stamp.submission == 1u);
    BOOST_TEST(fault.stamp.job == 3u);
    BOOST_TEST(fault.stamp.round == 0u);
    BOOST_TEST(fault.in_job);
    BOOST_TEST(fault.function == "jobs.think");
    BOOST_TEST(fault.chunk == "main.lua");
    BOOST_TEST(fault.line == 10);
    BOOST_TEST(fault.message.find("main.lua:10:") != std::string::npos, fault.message);
    BOOST_TEST(fault.message.find("x is 4") != std::string::npos, fault.message);
    BOOST_TEST(fault.traceback.find("main.lua:14") != std::string::npos, fault.traceback);
    BOOST_TEST(describe(fault).find("frame 2") != std::string::npos, describe(fault));
    BOOST_TEST(describe(fault).find("jobs.think") != std::string::npos, describe(fault));
    BOOST_TEST(faults[1].line == 15);
    BOOST_TEST(faults[1].message.find("nothing") != std::string::npos, faults[1].message);
}

BOOST_AUTO_TEST_CASE(whatever_a_script_throws_is_a_fault) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) for i = 1, 8 do engine.submit("work", i) end end
        function jobs.work(i)
            note(i)
            if i == 1 then error() elseif i == 2 then error(nil) elseif i == 3 then error({ code = 1 }) elseif i == 4 then error(5)
            elseif i == 5 then error(setmetatable({}, { __tostring = function() error("again") end }))
            elseif i == 6 then error(setmetatable({}, { __tostring = function() while true do end end }))
            elseif i == 7 then error(function() end) else error("\0\255", 0) end
        end
    )lua",
                                                   2));
    BOOST_TEST(trace.faults().size() == 16u);
    BOOST_TEST(probe_text(*trace.simulation) == "null");
    for (const Fault& fault : trace.faults())
        BOOST_TEST(fault.message.find("0x") == std::string::npos, fault.message);
}

BOOST_AUTO_TEST_CASE(an_engine_error_that_a_script_catches_tells_it_nothing_of_the_machine) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) engine.submit("work") end
        function jobs.work()
            local texts = {}
            local function see(...)
                local _, why = pcall(...)
                texts[#texts + 1] = tostring(why)
            end
            see(function() return nil + 1 end)
            see(function() return ({}) < 1 end)
            see(function() local t = nil t.x = 1 end)
            see(function() local x = 1 x() end)
            see(string.rep)
            see(setmetatable, 1, 2)
            local same = true
            for i = 2, #texts do same = same and texts[i] == texts[1] end
            note({ same, texts[1]:find("0x") == nil, texts[1]:find("main") == nil })
            local _, mine = pcall(error, "mine", 0)
            local thrown = { "table" }
            local _, table_mine = pcall(error, thrown)
            note({ mine, table_mine == thrown })
        end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == R"([[true,true,true],["mine",true]])");
}

BOOST_AUTO_TEST_CASE(neighbours_of_a_killed_job_are_not_affected) {
    const auto text = [](bool killers) {
        const char* const program = R"lua(
            template("unit", { n = 0, x = 0, y = 0.0 })
            singleton("setup", { killers = false })
            function on_start(config)
                engine.set("setup", "killers", config.killers)
                for i = 0, 39 do engine.spawn_entity("unit", { n = i }) end
            end
            function on_frame(frame) engine.submit_each("work", "unit", { batch = 2 }) end
            function jobs.work(ids)
                local first = engine.get(ids[1], "n")
                for _, id in ipairs(ids) do
                    engine.add(id, "x", id)
                    engine.set(id, "y", math.random())
                end
                if engine.get("setup", "killers") and first % 4 == 0 then
                    local kind = first // 4 % 4
                    if kind == 0 then error("killed") end
                    if kind == 1 then while true do end end
                    if kind == 2 then local t = {} while true do t = { t, t, t } end end
                    if kind == 3 then local function deep() return 1 + deep() end deep() end
                end
            end
        )lua";
        Scenario scenario = with_probe(program, 2);
        scenario.config = Map{{"killers", killers}};
        const Trace trace = compare_workers(scenario);
        std::string all;
        const World& world = trace.simulation->world();
        for (EntityId id : ids_of(*trace.simulation, "unit")) {
            if (world.get(id, "n").as_integer() % 4 >= 2)
                all += to_json(world.get(id, "x")) + " " + to_json(world.get(id, "y")) + "\n";
        }
        BOOST_TEST(trace.faults().empty() == !killers);
        return all;
    };
    const std::string calm = text(false);
    BOOST_TEST(calm.size() > 100u);
    BOOST_TEST(text(true) == calm);
}

BOOST_AUTO_TEST_CASE(on_fault_hears_of_every_fault_and_on_commit_of_every_frame) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            if frame == 2 then
                engine.submit("bad", 1)
                engine.submit("bad", 2)
                engine.submit("post")
            end
            if frame == 3 then error("on_frame fails") end
        end
        function jobs.bad(i) if i == 2 then while true do end end error("bad") end
        function jobs.post() engine.post_to_main_thread("broken") end
        function actions.broken() error("broken") end
        function on_fault(fault) say({ "fault", engine.frame(), fault["function"], fault.kind }) end
        function on_commit(frame) say({ "commit", frame }) end
    )lua",
                                                   3));
    const std::string text = probe_text(*trace.simulation);
    for (const char* wanted :
         {R"(["commit",1])", R"(["fault",2,"jobs.bad","error"])",
          R"(["fault",2,"jobs.bad","budget"])", R"(["fault",2,"actions.broken","error"])",
          R"(["commit",2])", R"(["fault",3,"on_frame","error"])", R"(["commit",3])"})
        BOOST_TEST(text.find(wanted) != std::string::npos, wanted << " is missing in " << text);
    BOOST_TEST(probe(*trace.simulation).as_list().size() == 8u, text);  // with on_commit of frame 0
}

// Goal: what a callback hears of a fault is the same with every build of Lua, and in a replay,
// which knows of a run that a limit has ended just that.
BOOST_AUTO_TEST_CASE(on_fault_hears_what_was_thrown_and_no_text_of_the_engine) {
    const Trace trace = compare_workers(with_probe(R"lua(
        local causes = {
            function() error("thrown") end,
            function() error({ 1 }) end,
            function() local x = nil return x.y end,
            function() return string.rep() end,
            function() engine.get(1, "nothing") end,
            function() while true do end end,
            function() local t = {} for i = 1, 1e9 do t[i] = i end end,
            function() for i = 1, 1e9 do engine.log("info", ("x"):rep(1000)) end end,
        }
        function on_frame() for i in ipairs(causes) do engine.submit("bad", i) end end
        function jobs.bad(i) causes[i]() end
        function on_fault(fault) say(fault.message) end
    )lua",
                                                   1));
    const Value expected = List{"main.lua:3: thrown",
                                "main.lua:4: the error value is a table",
                                "engine error (its text is in the log)",
                                "engine error (its text is in the log)",
                                "main.lua:7: template 'probe' has no field 'nothing'",
                                "jobs.bad was stopped (budget)",
                                "jobs.bad was stopped (memory)",
                                "jobs.bad was stopped (output)"};
    BOOST_TEST(probe_text(*trace.simulation) == to_json(expected));
    BOOST_TEST(trace.reports[1].faults[2].message.find("attempt to index") != std::string::npos);
}

// Goal: of several things that are wrong Canon tells the same one wherever they lie in a table, and
// of a NaN no sign.
BOOST_AUTO_TEST_CASE(texts_of_canon_depend_on_neither_hash_seed_nor_processor) {
    const Scenario scenario = with_probe(R"lua(
        template("u", { n = 0 })
        function on_frame()
            local function text(...) say(select(2, pcall(...))) end
            text(engine.spawn_entity, "u", { qq1 = 1, tt1 = 2, nn1 = 3, hh1 = 4 })
            text(engine.spawn_entity, "u", { qq1 = 1, [true] = 2, [print] = 3, [5] = 4 })
            text(engine.set, "probe", "log", { [1.5] = 1, [true] = 2, [print] = 5, k1 = 1, k2 = 2 })
            text(engine.set, "probe", "log", { [print] = 5, [true] = 2, k1 = 1, k2 = 2 })
            text(engine.set, 1, "number", 0 / 0)
            text(engine.set, 1, "number", -(0 / 0))
            text(engine.set, 1, "number", 1.5)
        end
    )lua",
                                         1);
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(probe_text(*trace.simulation) ==
               to_json(List{"template 'u' has no field 'hh1'",
                            "engine.spawn_entity: field names are strings, but one is a boolean",
                            "log has a key that is no whole number",
                            "log has a boolean key; keys are integers and strings",
                            "probe.number is of type integer and cannot hold the number nan",
                            "probe.number is of type integer and cannot hold the number nan",
                            "probe.number is of type integer and cannot hold the number 1.5"}));
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        ChaosPair pair(load(scenario), {.workers = 1}, seed);
        pair.step({});
        BOOST_TEST(pair.report().same(), describe(pair.report()));
    }
}

BOOST_AUTO_TEST_CASE(on_fault_and_on_commit_that_fail_themselves_do_not_run_for_ever) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) engine.submit("bad") engine.submit("good") end
        function jobs.bad() error("bad") end
        function jobs.good() engine.add("probe", "number", 1) end
        function on_fault(fault) engine.add("probe", "number", 1000) error("worse") end
        function on_commit(frame) engine.add("probe", "number", 1000) error("worst") end
    )lua",
                                                   3));
    BOOST_TEST(probe_text(*trace.simulation, "number") == "3");
    BOOST_TEST(trace.faults().size() >= 9u);
    BOOST_TEST(trace.faults().size() <= 12u, describe_all(trace.faults()));
}

BOOST_AUTO_TEST_CASE(on_commit_sees_the_committed_world_and_may_change_it) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame) engine.submit("work") end
        function jobs.work() engine.spawn_entity("unit", { x = engine.frame() }) end
        function on_commit(frame)
            local count = engine.count("unit")
            engine.set("probe", "number", count * 100 + frame)
            if frame > 0 then engine.submit("next", frame) end
        end
        function jobs.next(frame) note({ frame, engine.frame() }) end
    )lua",
                                                   3));
    BOOST_TEST(probe_text(*trace.simulation, "number") == "303");
    BOOST_TEST(probe_text(*trace.simulation) == "[[1,2],[2,3]]");
}

BOOST_AUTO_TEST_CASE(faults_are_part_of_the_chain) {
    // The same state, but in one of the two a job failed.
    const auto last = [](const char* body) {
        const Trace trace =
            run(with_probe(std::string("function on_frame() engine.submit('work') end "
                                       "function jobs.work() ") +
                               body + " end",
                           1));
        return trace.reports.back();
    };
    const FrameReport good = last(""), bad = last("error('no')"), spent = last("while true do end");
    BOOST_TEST(good.state_hash == bad.state_hash);
    BOOST_TEST(good.chain != bad.chain);
    BOOST_TEST(spent.chain != bad.chain);
    // The text explains and is not hashed.
    BOOST_TEST(last("error('another text')").chain == bad.chain);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
