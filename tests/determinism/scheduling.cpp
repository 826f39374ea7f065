// Goal: when jobs run: delay, every, batch, cancel, and the limit of jobs in a frame.
// Method: jobs write down the frame in which they run and what they get.
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(scheduling)

BOOST_AUTO_TEST_CASE(a_delayed_job_starts_that_many_frames_later_and_reads_that_world) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_start() engine.submit("work", { "start", 2 }, { delay = 2 }) engine.submit("work", { "start", 0 }) end
        function on_frame(frame)
            engine.set("probe", "number", frame * 10)
            if frame == 1 then
                for delay = 0, 3 do engine.submit("work", { "frame", delay }, { delay = delay }) end
                engine.submit("parent")
            end
        end
        function jobs.parent() for delay = 0, 3 do engine.submit("work", { "job", delay }, { delay = delay }) end end
        function jobs.work(x) note({ x[1], x[2], engine.frame(), engine.get("probe", "number") }) end
    )lua"));
    BOOST_TEST(describe_all(trace.faults()) == "");
    std::map<std::string, std::int64_t> started;
    const Value log = probe(*trace.simulation);
    for (const Value& entry : log.as_list()) {
        started[entry[1].as_string() + " " + to_json(entry[2])] = entry[3].as_integer();
        BOOST_TEST(entry[4].as_integer() == entry[3].as_integer() * 10);
    }
    // What is submitted during a commit is due next frame at the earliest.
    const std::map<std::string, std::int64_t> expected = {
        {"start 0", 1}, {"start 2", 2}, {"frame 0", 1}, {"frame 1", 2}, {"frame 2", 3},
        {"frame 3", 4}, {"job 0", 2},   {"job 1", 2},   {"job 2", 3},   {"job 3", 4}};
    for (const auto& [name, frame] : expected)
        BOOST_TEST(started[name] == frame,
                   name << " started in frame " << started[name] << ", not " << frame);
}

BOOST_AUTO_TEST_CASE(a_job_that_submits_itself_again_is_a_timer_that_remembers) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame) if frame == 1 then engine.submit("count", { 0, 1 }) end end
        function jobs.count(fib)
            note(fib[2])
            engine.submit("count", { fib[2], fib[1] + fib[2] }, { delay = 2 })
        end
    )lua",
                                                   11));
    BOOST_TEST(probe_text(*trace.simulation) == "[1,1,2,3,5,8]");
}

BOOST_AUTO_TEST_CASE(every_staggers_by_id_alone) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { runs = any, team = 0 })
        function on_start() for i = 1, 30 do engine.spawn_entity("unit", { runs = {} }) end end
        function on_frame(frame)
            engine.submit_each("work", "unit", { every = 4 })
            if frame == 5 then for id in engine.each("unit") do if id % 3 == 0 then engine.destroy(id) end end end
        end
        function jobs.work(id)
            local runs = engine.get(id, "runs")
            runs[#runs + 1] = engine.frame()
            engine.set(id, "runs", runs)
        end
    )lua",
                                                   12));
    BOOST_TEST(describe_all(trace.faults()) == "");
    std::set<std::int64_t> phases;
    for (EntityId id : ids_of(*trace.simulation, "unit")) {
        const List runs = trace.simulation->world().get(id, "runs").as_list();
        BOOST_REQUIRE_EQUAL(runs.size(), 3u);
        BOOST_TEST(runs[1].as_integer() == runs[0].as_integer() + 4);
        BOOST_TEST(runs[2].as_integer() == runs[0].as_integer() + 8);
        phases.insert(runs[0].as_integer());
        // Ids a multiple of 4 apart run together.
        for (EntityId other : ids_of(*trace.simulation, "unit"))
            if ((other.value - id.value) % 4 == 0)
                BOOST_TEST((trace.simulation->world().get(other, "runs") == Value(runs)));
    }
    BOOST_TEST(phases.size() == 4u);
}

BOOST_AUTO_TEST_CASE(batches_hand_over_lists_of_ids_whose_size_the_program_fixes) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_start() for i = 1, 150 do engine.spawn_entity("unit") end end
        function on_frame(frame)
            if frame == 1 then engine.submit_each("work", "unit", { batch = 64 }) end
            if frame >= 2 and frame <= 4 then engine.submit_each("work", "unit", { batch = 20, every = 3 }) end
        end
        function jobs.work(ids)
            for i = 2, #ids do assert(ids[i] > ids[i - 1]) end
            for _, id in ipairs(ids) do engine.add(id, "x", 1) end
            note({ engine.frame(), #ids })
        end
    )lua",
                                                   4));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(
        probe_text(*trace.simulation) ==
        "[[1,64],[1,64],[1,22],[2,20],[2,20],[2,10],[3,20],[3,20],[3,10],[4,20],[4,20],[4,10]]");
    for (EntityId id : ids_of(*trace.simulation, "unit"))
        BOOST_TEST(trace.simulation->world().get(id, "x").as_integer() == 2);
}

BOOST_AUTO_TEST_CASE(batches_and_single_jobs_give_the_same_where_the_order_does_not_matter) {
    const auto hash = [](const char* options) {
        return compare_workers(with_probe(std::string(R"lua(
            template("unit", { x = 0 })
            function on_start() for i = 1, 50 do engine.spawn_entity("unit") end end
            function on_frame() engine.submit_each("work", "unit", )lua") +
                                              options + R"lua() end
            function jobs.work(ids)
                for _, id in ipairs(type(ids) == "table" and ids or { ids }) do engine.add(id, "x", id) end
            end
        )lua",
                                          2))
            .simulation->world()
            .state_hash();
    };
    const std::uint64_t single = hash("nil");
    for (const char* options : {"{ batch = 1 }", "{ batch = 7 }", "{ batch = 1000 }"})
        BOOST_TEST(hash(options) == single);
}

BOOST_AUTO_TEST_CASE(submit_each_of_no_entities_runs_nothing) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame()
            engine.submit_each("work", "unit")
            engine.submit_each("work", "unit", { batch = 4 })
            engine.submit_each("work", "unit", { every = 4 })
        end
        function jobs.work(id) note(id) end
    )lua",
                                                   2));
    BOOST_TEST(probe_text(*trace.simulation) == "null");
    BOOST_TEST(describe_all(trace.faults()) == "");
}

BOOST_AUTO_TEST_CASE(submit_each_meets_the_entities_of_the_freeze) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_start() for i = 1, 3 do engine.spawn_entity("unit", { x = i }) end end
        function on_frame(frame)
            engine.submit_each("work", "unit")
            if frame == 2 then
                engine.submit_each("work", "unit", { delay = 1 })
                engine.spawn_entity("unit", { x = 10 })
            end
        end
        function jobs.work(id) note(engine.get(id, "x")) if engine.get(id, "x") == 2 then engine.destroy(id) end end
    )lua",
                                                   3));
    // Frame 3 has the delayed submission, of frame 2, before its own.
    BOOST_TEST(probe_text(*trace.simulation) == "[1,2,3,1,3,10,1,3,10,1,3,10]");
}

BOOST_AUTO_TEST_CASE(cancelled_jobs_do_not_run) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        singleton("ids", { list = any })
        function on_start() for i = 1, 4 do engine.spawn_entity("unit") end end
        function on_frame(frame)
            if frame == 1 then
                local ids = {}
                for i = 1, 6 do ids[i] = engine.submit("work", "delayed " .. i, { delay = 3 }) end
                ids[7] = engine.submit_each("work", "unit", { delay = 3 })
                engine.set("ids", "list", ids)
                engine.cancel(engine.submit("work", "now"))
                engine.cancel(ids[1])
                engine.cancel(0) engine.cancel(-3) engine.cancel(1 << 50)
                engine.submit("cancel", 2)
            end
            if frame == 2 then engine.submit("cancel", 3) engine.submit("post_cancel", 4) end
            if frame == 3 then engine.submit("cancel", 7) end
            if frame == 4 then engine.submit("cancel", 5) engine.cancel(engine.at("ids", "list", 6)) end
            if frame == 5 then engine.submit("cancel", 5) end
        end
        function jobs.cancel(i) engine.cancel(engine.at("ids", "list", i)) end
        function jobs.post_cancel(i) engine.post_to_main_thread("cancel", engine.at("ids", "list", i)) end
        function actions.cancel(id) engine.cancel(id) end
        function jobs.work(x) note(x) end
    )lua"));
    BOOST_TEST(describe_all(trace.faults()) == "");
    // The fifth one runs in the frame in which a job asks to cancel it: too late.
    BOOST_TEST(probe_text(*trace.simulation) == R"(["delayed 5"])");
}

BOOST_AUTO_TEST_CASE(the_id_of_a_submission_is_final_in_the_job_that_submits) {
    const Trace trace = compare_workers(with_probe(R"lua(
        singleton("ids", { list = array(0, 20) })
        function on_frame(frame)
            if frame == 1 then for i = 1, 20 do engine.submit("parent", i) end end
            if frame == 2 then for i = 1, 20, 2 do engine.cancel(engine.at("ids", "list", i)) end end
        end
        function jobs.parent(i)
            engine.submit("child", -i)
            engine.put("ids", "list", i, engine.submit("child", i, { delay = 2 }))
        end
        function jobs.child(i) note(i) end
    )lua",
                                                   4));
    const Value log = probe(*trace.simulation);
    BOOST_REQUIRE_EQUAL(log.as_list().size(), 30u);
    for (int i = 1; i <= 20; ++i) BOOST_TEST(log[i].as_integer() == -i);
    for (int i = 1; i <= 10; ++i) BOOST_TEST(log[20 + i].as_integer() == 2 * i);
}

BOOST_AUTO_TEST_CASE(more_jobs_in_a_frame_than_the_limit_are_a_fault_and_the_frames_go_on) {
    Scenario scenario = with_probe(R"lua(
        template("unit", { x = 0 })
        function on_start() for i = 1, 60 do engine.spawn_entity("unit") end end
        function on_frame(frame)
            engine.submit("good", frame)
            if frame == 1 then for i = 1, 200 do engine.submit("work", i) end end
            if frame == 2 then engine.submit_each("work", "unit") engine.submit_each("work", "unit") end
            if frame == 3 then engine.submit("fork", 1) end
        end
        function jobs.good(frame) engine.add("probe", "real", 1) end
        function jobs.work(i) engine.add("probe", "number", 1) end
        function jobs.fork(i) for k = 1, 3 do engine.submit("fork", i * 3 + k) end end
    )lua",
                                   9);
    scenario.limits.jobs_per_frame = 100;
    const Trace trace = compare_workers(scenario);
    std::set<std::uint64_t> frames;
    for (const Fault& fault : trace.faults()) {
        BOOST_TEST((fault.kind == FaultKind::limit), describe(fault));
        frames.insert(fault.frame.value);
    }
    BOOST_TEST(frames.count(1) == 1u);
    BOOST_TEST(frames.count(2) == 1u);
    for (const FrameReport& report : trace.reports) BOOST_TEST(report.jobs <= 100u);
    BOOST_TEST(trace.reports.back().frame.value == 9u);
}

BOOST_AUTO_TEST_CASE(options_that_are_wrong_are_errors) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        local cases = {
            { delay = -1 }, { delay = 1.5 }, { delay = "1" }, { deliver = 0 }, { deliver = "soon" }, { deliver = -1 },
            { priority = "high" }, { key = 1.5 }, { key = {} }, { speed = 1 }, { batch = 3 },
        }
        local each_cases = { { every = 0 }, { every = -2 }, { batch = 0 }, { batch = 1.5 }, { key = 3 }, { deliver = 2 } }
        function on_frame(frame)
            for i in ipairs(cases) do engine.submit("work", i) end
            for i in ipairs(each_cases) do engine.submit("each", i) end
        end
        function jobs.work(i) engine.submit("nothing", nil, cases[i]) note(i) end
        function jobs.each(i) engine.submit_each("nothing", "unit", each_cases[i]) note(-i) end
        function jobs.nothing() end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) == "null");
    BOOST_TEST(trace.faults().size() == 17u, describe_all(trace.faults()));
}

BOOST_AUTO_TEST_CASE(arguments_arrive_as_they_were_given) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            if frame > 1 then return end
            local data = { 1, 2.0, "\0x", { a = { true, false } } }
            engine.submit("work", data)
            data[1] = "changed"
            engine.submit("work")
            engine.submit("work", 0 / 0, { delay = 1 })
            engine.submit("work", -0.0)
            engine.submit("work", math.mininteger, { delay = 1 })
            engine.submit("work", {})
        end
        function jobs.work(...)
            local x = ...
            note({ select("#", ...) <= 1, math.type(x) or type(x), x ~= x, x == nil and "nil" or x })
        end
    )lua",
                                                   2));
    BOOST_TEST(
        probe_text(*trace.simulation) ==
        R"([[true,"table",false,[1,2.0,"\u0000x",{"a":[true,false]}]],[true,"nil",false,"nil"],)"
        R"([true,"float",false,-0.0],[true,"table",false,[]],[true,"float",true,"nan"],)"
        R"([true,"integer",false,"-9223372036854775808"]])");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
