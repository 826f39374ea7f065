// Goal: jobs with `deliver`: they start at once, get arguments only, and are committed in exactly
// one frame. Method: programs with quick and slow background jobs; the frame of each delivery, and
// what they may not do.
#include <boost/test/unit_test.hpp>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(background)

BOOST_AUTO_TEST_CASE(actions_are_committed_exactly_that_many_frames_later) {
    const Scenario scenario = with_probe(R"lua(
        function on_frame(frame)
            if frame == 1 then for k = 1, 5 do engine.submit("plan", { k, 1 }, { deliver = k }) end engine.submit("parent") end
        end
        function jobs.parent() for k = 1, 5 do engine.submit("plan", { k, 100 }, { deliver = k }) end end
        function jobs.plan(x)
            for i = 1, (6 - x[1]) * 500 do end
            engine.add("probe", "number", x[2])
            engine.post_to_main_thread("arrived", x)
        end
        function actions.arrived(x) say({ x[1], x[2], engine.frame() }) end
    )lua",
                                         7);
    compare_workers(scenario);
    auto simulation = start(scenario, 3);
    for (std::int64_t frame = 1; frame <= 7; ++frame) {
        simulation->step();
        const std::int64_t delivered = std::min<std::int64_t>(frame - 1, 5);
        BOOST_TEST(probe(*simulation, "number").as_integer() == delivered * 101,
                   "after frame " << frame);
    }
    BOOST_TEST(probe_text(*simulation) ==
               "[[1,1,2],[1,100,2],[2,1,3],[2,100,3],[3,1,4],[3,100,4],[4,1,5],[4,100,5],[5,1,6],["
               "5,100,6]]");
}

BOOST_AUTO_TEST_CASE(the_barrier_waits_for_work_that_takes_longer_than_a_frame) {
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame)
            if frame % 3 == 1 then for i = 1, 6 do engine.submit("slow", i, { deliver = 1 + i % 2, key = i }) end end
            for i = 1, 4 do engine.submit("quick", i) end
        end
        function jobs.slow(i)
            local sum = 0
            for k = 1, 100000 do sum = (sum * 31 + k) % 1000003 end
            engine.add("probe", "number", sum + math.random(1, 1000))
            note(i)
        end
        function jobs.quick(i) note(-i) end
    )lua",
                                   6);
    scenario.limits.job_instructions = 50'000'000;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
}

BOOST_AUTO_TEST_CASE(background_jobs_read_no_world_and_cannot_call) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0.0, y = 0.0 })
        function on_start() engine.spawn_entity("unit") end
        local attempts = {
            function() engine.get(1, "number") end, function() engine.at(1, "log", 1) end, function() engine.alive(1) end,
            function() for _ in engine.each("unit") do end end, function() engine.count("unit") end,
            function() engine.near("unit", 0, 0, 1) end, function() engine.where("unit", "x", 0) end,
            function() engine.call("note", 1) end, function() engine.get("probe", "number") end,
        }
        function on_frame(frame)
            if frame == 1 then for i in ipairs(attempts) do engine.submit("plan", i, { deliver = 1 }) end end
        end
        function jobs.plan(i)
            engine.add(1, "number", 1)
            attempts[i]()
        end
    )lua",
                                                   3));
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 9u);
    for (const Fault& fault : faults) {
        BOOST_TEST((fault.kind == FaultKind::error));
        BOOST_TEST(fault.in_job);
        BOOST_TEST(fault.function == "jobs.plan");
        BOOST_TEST(fault.frame.value == 2u);
        BOOST_TEST(fault.message.find("background") != std::string::npos, fault.message);
    }
    BOOST_TEST(probe_text(*trace.simulation, "number") == "0");
}

BOOST_AUTO_TEST_CASE(background_jobs_may_ask_for_everything_else) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0, friend = entity })
        function on_start() engine.spawn_entity("unit", { x = -1 }) end
        function on_frame(frame)
            local first
            for id in engine.each("unit") do first = first or id end
            if frame == 1 then for i = 1, 3 do engine.submit("plan", { i, first }, { deliver = 2 }) end end
            engine.spawn_entity("unit", { x = 100 + frame })
        end
        function jobs.plan(x)
            local new = engine.spawn_entity("unit", { x = x[1] })
            engine.set(new, "friend", x[2])
            engine.add(new, "x", 10)
            engine.submit("child", { x[1], new })
            engine.log("info", "planned " .. x[1])
            if x[1] == 3 then engine.destroy(x[2]) end
        end
        function jobs.child(x) note({ x[1], engine.frame(), engine.get(x[2], "x"), engine.get(x[2], "friend") == nil }) end
    )lua",
                                                   5));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == "[[1,4,11,true],[2,4,12,true],[3,4,13,true]]");
    BOOST_TEST(trace.log().size() == 3u);
    const std::vector<EntityId> ids = ids_of(*trace.simulation, "unit");
    BOOST_TEST(ids.size() == 8u);
}

BOOST_AUTO_TEST_CASE(deliveries_come_before_the_jobs_of_the_frame) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            engine.submit("now", frame, { priority = 100 })
            engine.submit("plan", frame, { deliver = 2 })
        end
        function jobs.now(frame) note("now " .. frame) end
        function jobs.plan(frame) note("plan " .. frame) end
    )lua",
                                                   4));
    BOOST_TEST(probe_text(*trace.simulation) ==
               R"(["now 1","now 2","plan 1","now 3","plan 2","now 4"])");
}

BOOST_AUTO_TEST_CASE(deliver_done_is_delivered_a_fixed_number_of_frames_later) {
    for (std::uint32_t delay : {1u, 4u}) {
        Scenario scenario = with_probe(R"lua(
            function on_frame(frame)
                if frame == 2 then for i = 1, 3 do engine.submit("plan", i * 1000, { deliver = "done" }) end end
            end
            function jobs.plan(n) for k = 1, n do end engine.post_to_main_thread("arrived", n) end
            function actions.arrived(n) say({ n, engine.frame() }) end
        )lua",
                                       8);
        scenario.limits.done_delay = delay;
        const Trace trace = compare_workers(scenario);
        const std::string frame = std::to_string(2 + delay);
        BOOST_TEST(probe_text(*trace.simulation) ==
                   "[[1000," + frame + "],[2000," + frame + "],[3000," + frame + "]]");
    }
}

BOOST_AUTO_TEST_CASE(a_background_job_that_faults_commits_nothing_and_disturbs_no_other) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            if frame == 1 then for i = 1, 5 do engine.submit("plan", i, { deliver = 2 }) end end
        end
        function jobs.plan(i)
            note(i)
            engine.add(1, "number", 1)
            if i == 2 then error("no plan") end
            if i == 4 then while true do end end
        end
    )lua",
                                                   4));
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 2u);
    BOOST_TEST((faults[0].kind == FaultKind::error));
    BOOST_TEST((faults[1].kind == FaultKind::budget));
    for (const Fault& fault : faults) BOOST_TEST(fault.frame.value == 3u);
    BOOST_TEST(probe_text(*trace.simulation) == "[1,3,5]");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "3");
}

BOOST_AUTO_TEST_CASE(a_cancelled_background_job_delivers_nothing) {
    const Trace trace = compare_workers(with_probe(R"lua(
        singleton("ids", { list = any })
        function on_frame(frame)
            if frame == 1 then
                local ids = {}
                for i = 1, 4 do ids[i] = engine.submit("plan", i, { deliver = 3 }) end
                ids[5] = engine.submit("plan", 5, { deliver = "done" })
                engine.cancel(ids[1])
                engine.set("ids", "list", ids)
            end
            if frame == 2 then engine.cancel(engine.at("ids", "list", 2)) engine.cancel(engine.at("ids", "list", 5)) end
            if frame == 3 then engine.submit("cancel", engine.at("ids", "list", 3)) end
        end
        function jobs.cancel(id) engine.cancel(id) end
        function jobs.plan(i) for k = 1, 1000 do end note(i) end
    )lua",
                                                   12));
    BOOST_TEST(probe_text(*trace.simulation) == "[4]");
    BOOST_TEST(describe_all(trace.faults()) == "");
}

BOOST_AUTO_TEST_CASE(random_numbers_of_background_jobs_do_not_depend_on_when_they_run) {
    // The same key and frame of submission, delivered at other times, while other jobs draw.
    const auto numbers = [](int deliver, int others) {
        Scenario scenario = with_probe(R"lua(
            singleton("setup", { deliver = 0, others = 0 })
            function on_start(config) engine.set("setup", "deliver", config.deliver) engine.set("setup", "others", config.others) end
            function on_frame(frame)
                if frame == 1 then engine.submit("plan", nil, { deliver = engine.get("setup", "deliver"), key = "it" }) end
                for i = 1, engine.get("setup", "others") do engine.submit("other", i) end
            end
            function jobs.other() math.random() end
            function jobs.plan() note(math.random(1, 1 << 40)) note(math.random()) end
        )lua",
                                       6);
        scenario.config = Map{{"deliver", deliver}, {"others", others}};
        return probe_text(*compare_workers(scenario).simulation);
    };
    const std::string first = numbers(1, 0);
    BOOST_TEST(numbers(1, 7) == first);
    BOOST_TEST(numbers(4, 3) == first);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
