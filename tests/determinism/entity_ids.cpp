// Goal: the id of an entity is final the moment a job spawns it; ids only grow and are never used
// again. Method: jobs, handlers and callbacks spawn, write ids down and use them, with faults and
// deaths between.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(entity_ids)

BOOST_AUTO_TEST_CASE(an_id_is_final_the_moment_a_job_spawns_it) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0, y = 0, friend = entity })
        function on_frame(frame) if frame == 1 then for i = 1, 30 do engine.submit("work", i, { priority = i % 4 }) end end end
        function jobs.work(i)
            local ids = {}
            for k = 1, i % 4 + 1 do
                ids[k] = engine.spawn_entity("unit", { x = i * 10 + k })
                engine.set(ids[k], "y", -i)
                engine.set(ids[k], "friend", ids[1])
                engine.add(ids[k], "y", k)
            end
            note(ids)
        end
        function on_commit(frame)
            if frame ~= 1 then return end
            for i, ids in ipairs(engine.get("probe", "log")) do
                for k, id in ipairs(ids) do
                    local x, y, friend = engine.get(id, "x", "y", "friend")
                    assert(x == i * 10 + k and y == k - i and friend == ids[1])
                end
            end
        end
    )lua",
                                                   2));
    BOOST_TEST(describe_all(trace.faults()) == "");
    std::vector<std::int64_t> ids;
    const Value log = probe(*trace.simulation);
    for (const Value& entry : log.as_list())
        for (const Value& id : entry.as_list()) ids.push_back(id.as_integer());
    BOOST_TEST(ids.size() == 75u);
    BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
    BOOST_TEST(std::set<std::int64_t>(ids.begin(), ids.end()).size() == ids.size());
}

BOOST_AUTO_TEST_CASE(each_job_has_a_block_of_ids_and_the_counter_goes_on_behind_the_largest_used) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame)
            say({ "main", engine.spawn_entity("unit") })
            for i = 1, 3 do engine.submit("work", i) end
        end
        function jobs.work(i)
            for k = 1, i - 1 do note({ i, engine.spawn_entity("unit") }) end
        end
        function on_commit(frame) if frame > 0 then say({ "commit", engine.spawn_entity("unit") }) end end
    )lua",
                                                   2));
    const Value log = probe(*trace.simulation);
    BOOST_REQUIRE_EQUAL(log.as_list().size(), 10u);
    std::vector<std::int64_t> ids;
    for (const Value& entry : log.as_list()) ids.push_back(entry[2].as_integer());
    BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
    for (std::size_t first : {std::size_t{0}, std::size_t{5}}) {
        const std::int64_t base = ids[first] + 1;
        BOOST_TEST(ids[first + 1] == base + 1024);  // the second job's block
        BOOST_TEST(ids[first + 2] == base + 2048);  // the third one's
        BOOST_TEST(ids[first + 3] == base + 2049);
        BOOST_TEST(ids[first + 4] == base + 2050);  // on_commit, behind the largest
    }
    BOOST_TEST(ids[5] == ids[4] + 1);
}

BOOST_AUTO_TEST_CASE(jobs_that_spawn_nothing_use_no_ids) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame)
            for i = 1, 10 do engine.submit("work", { frame, i }) end
        end
        function jobs.work(x) if x[1] == 3 and x[2] == 1 then note(engine.spawn_entity("unit")) end end
        function on_commit(frame) if frame == 2 or frame == 3 then say(engine.spawn_entity("unit")) end end
    )lua",
                                                   3));
    BOOST_TEST(probe_text(*trace.simulation) == "[2,3,4]");  // 1 is the probe
}

BOOST_AUTO_TEST_CASE(ids_are_never_used_again) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame)
            for id in engine.each("unit") do engine.destroy(id) end
            say(engine.spawn_entity("unit"))
            engine.submit("work")
            engine.submit("work")
        end
        function jobs.work()
            local short_lived = engine.spawn_entity("unit")
            engine.destroy(short_lived)
            note(short_lived)
            note(engine.spawn_entity("unit"))
        end
    )lua",
                                                   6));
    std::set<std::int64_t> ids;
    const Value log = probe(*trace.simulation);
    std::int64_t largest_before = 0, largest = 0;
    for (std::size_t i = 0; i < log.as_list().size(); ++i) {
        if (i % 5 == 0) largest_before = largest;
        const std::int64_t id = log.as_list()[i].as_integer();
        BOOST_TEST(ids.insert(id).second);
        BOOST_TEST(id > largest_before);
        largest = std::max(largest, id);
    }
    BOOST_TEST(ids.size() == 30u);
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 3u);
}

BOOST_AUTO_TEST_CASE(ids_go_on_growing_over_the_rounds_of_a_job) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame) for i = 1, 5 do engine.submit("work", i) end end
        function jobs.work(i)
            local ids = {}
            for round = 1, 4 do
                ids[round] = engine.spawn_entity("unit", { x = i })
                engine.call("spawn", i)
            end
            for round = 1, 4 do assert(engine.get(ids[round], "x") == i) end
            note(ids)
        end
        function actions.spawn(i) return engine.spawn_entity("unit", { x = -i }) end
    )lua",
                                                   2));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 80u);
    const Value log = probe(*trace.simulation);
    for (const Value& entry : log.as_list())
        for (int round = 2; round <= 4; ++round)
            BOOST_TEST(entry[round].as_integer() > entry[round - 1].as_integer());
}

BOOST_AUTO_TEST_CASE(more_spawns_in_a_job_than_its_block_are_a_fault_that_names_the_limit) {
    Scenario scenario = with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame)
            if frame == 1 then for _, count in ipairs { 2000, 1024, 1025, 3 } do engine.submit("work", count) end end
        end
        function jobs.work(count)
            for i = 1, count do engine.spawn_entity("unit", { x = count }) end
            note(count)
        end
    )lua",
                                   2);
    scenario.limits.memory_bytes = 32 << 20;
    const Trace trace = compare_workers(scenario);
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 2u);
    for (const Fault& fault : faults) {
        BOOST_TEST(fault.message.find("1024") != std::string::npos, fault.message);
        BOOST_TEST(fault.message.find("ids_per_job") != std::string::npos, fault.message);
    }
    BOOST_TEST(faults[0].stamp.submission == 0u);
    BOOST_TEST(faults[1].stamp.submission == 2u);
    BOOST_TEST(probe_text(*trace.simulation) == "[1024,3]");
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 1027u);
}

BOOST_AUTO_TEST_CASE(the_limit_of_a_block_is_an_option_and_does_not_bind_the_main_thread) {
    Scenario scenario = with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame)
            for i = 1, 50 do engine.spawn_entity("unit") end
            engine.submit("work", 4) engine.submit("work", 5)
        end
        function jobs.work(count) for i = 1, count do engine.spawn_entity("unit", { x = 1 }) end end
    )lua",
                                   1);
    scenario.limits.ids_per_job = 4;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(trace.faults().size() == 1u);
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 54u);
}

BOOST_AUTO_TEST_CASE(spawns_of_faulted_jobs_leave_no_entity) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_frame(frame) for i = 1, 6 do engine.submit("work", i) end end
        function jobs.work(i)
            for k = 1, i do engine.spawn_entity("unit", { x = i }) end
            if i % 2 == 1 then error("odd") end
        end
    )lua",
                                                   3));
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 3u * (2u + 4u + 6u));
    BOOST_TEST(trace.faults().size() == 9u);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
