// Goal: actions are committed in stamp order: by frame of submission, job number, then order in the
// job. Method: programs in which the order shows in the result (the last set wins, sums are
// clamped, a list grows), with jobs whose running times and priorities are all mixed up, against
// the order that the design gives.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(commit_order)

BOOST_AUTO_TEST_CASE(the_set_of_the_job_with_the_highest_number_wins) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            for i = 1, 100 do engine.submit("work", frame * 1000 + i, { priority = (i * 37) % 11 - 5 }) end
        end
        function jobs.work(i)
            for k = 1, (i * 7919) % 997 do end
            engine.set("probe", "number", -i)
            engine.set("probe", "number", i)
        end
    )lua",
                                                   3));
    BOOST_TEST(probe_text(*trace.simulation, "number") == "3100");
}

BOOST_AUTO_TEST_CASE(clamped_sums_are_those_of_stamp_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_start() engine.set("probe", "number", 50) end
        function on_frame()
            for i = 1, 200 do engine.submit("work", i, { priority = i % 5 }) end
        end
        function jobs.work(i)
            for k = 1, (i * 7919) % 499 do end
            local limits = {}
            if i % 3 == 0 then limits.min = 10 end
            if i % 5 == 0 then limits.max = 60 end
            engine.add("probe", "number", (i * 37) % 23 - 11, limits)
        end
    )lua",
                                                   1));
    std::int64_t expected = 50, unordered = 50;
    for (int i = 1; i <= 200; ++i) {
        expected += (i * 37) % 23 - 11;
        unordered += (i * 37) % 23 - 11;
        if (i % 3 == 0) expected = std::max<std::int64_t>(expected, 10);
        if (i % 5 == 0) expected = std::min<std::int64_t>(expected, 60);
    }
    BOOST_TEST(expected != unordered);
    BOOST_TEST(probe(*trace.simulation, "number").as_integer() == expected);
}

BOOST_AUTO_TEST_CASE(handlers_run_in_the_order_of_jobs_and_of_their_actions) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 40 do engine.submit("work", i, { priority = -i }) end end
        function jobs.work(i)
            for k = 1, (i * 7919) % 499 do end
            note(i * 10 + 1) note(i * 10 + 2)
        end
    )lua",
                                                   1));
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 80u);
    for (std::size_t i = 0; i < log.size(); ++i)
        BOOST_TEST(log[i].as_integer() == static_cast<std::int64_t>((i / 2 + 1) * 10 + i % 2 + 1));
}

BOOST_AUTO_TEST_CASE(jobs_of_one_submit_each_are_in_id_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        template("other", { x = 0 })
        function on_start()
            for i = 1, 30 do engine.spawn_entity("unit", { x = i }) engine.spawn_entity("other", { x = 100 + i }) end
        end
        function on_frame()
            engine.submit_each("work", "other", { priority = -5 })
            engine.submit_each("work", "unit", { priority = 5 })
        end
        function jobs.work(id)
            local x = engine.get(id, "x")
            for k = 1, (x * 7919) % 499 do end
            note(x)
        end
    )lua",
                                                   1));
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 60u);
    for (int i = 0; i < 60; ++i)
        BOOST_TEST(log[static_cast<std::size_t>(i)].as_integer() == (i < 30 ? 101 + i : i - 29));
}

BOOST_AUTO_TEST_CASE(jobs_submitted_in_an_earlier_frame_come_first) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            if frame <= 3 then
                engine.submit("tell", frame .. "a", { delay = 4 - frame, priority = frame })
                engine.submit("tell", frame .. "b", { delay = 4 - frame })
            end
            if frame == 3 then engine.submit("parent") end
            if frame == 4 then engine.submit("tell", "4", { priority = 9 }) end
        end
        function jobs.parent() engine.submit("tell", "child of 3") end
        function jobs.tell(what) note(what) end
    )lua",
                                                   4));
    BOOST_TEST(probe_text(*trace.simulation) ==
               R"(["1a","1b","2a","2b","3a","3b","child of 3","4"])");
}

BOOST_AUTO_TEST_CASE(what_jobs_submit_runs_next_frame_in_the_order_of_the_commit) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            if frame == 1 then for i = 1, 20 do engine.submit("parent", i, { priority = i % 3 }) end end
        end
        function jobs.parent(i)
            for k = 1, (i * 7919) % 499 do end
            engine.submit("child", i * 10 + 1)
            engine.post_to_main_thread("adopt", i * 10 + 2)
            engine.submit("child", i * 10 + 3)
        end
        function actions.adopt(i) engine.submit("child", i) end
        function jobs.child(i) note({ i, engine.frame() }) end
    )lua",
                                                   3));
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 60u);
    for (int i = 0; i < 60; ++i) {
        const Value& entry = log[static_cast<std::size_t>(i)];
        BOOST_TEST(entry[1].as_integer() == (i / 3 + 1) * 10 + i % 3 + 1);
        BOOST_TEST(entry[2].as_integer() == 2);
    }
}

BOOST_AUTO_TEST_CASE(priority_changes_no_result) {
    const char* const program = R"lua(
        template("unit", { x = 0, found = 0 })
        singleton("order", { sign = 0 })
        function on_start(config)
            engine.set("order", "sign", config.sign)
            for i = 1, 20 do engine.spawn_entity("unit", { x = i }) end
        end
        function on_frame(frame)
            local sign = engine.get("order", "sign")
            for i = 1, 20 do engine.submit("work", i, { priority = sign * ((i * 7) % 13) }) end
            engine.submit_each("grow", "unit", { priority = sign * 20 })
            engine.set("order", "sign", 0)
            engine.post_to_main_thread("keep", sign)
        end
        function actions.keep(sign) if engine.frame() < 3 then engine.set("order", "sign", sign) end end
        function jobs.work(i)
            engine.set("probe", "number", i + math.random(1, 100))
            note(i)
            note(engine.call("answer", i))
            engine.spawn_entity("unit", { x = i })
        end
        function jobs.grow(id) engine.add(id, "found", math.random(1, 9)) engine.set("probe", "who", id) end
        function actions.answer(i) return engine.count("unit") end
    )lua";
    std::vector<std::uint64_t> hashes;
    for (int sign : {0, 1, -1}) {
        Scenario scenario = with_probe(program, 3);
        scenario.config = Map{{"sign", sign}};
        hashes.push_back(compare_workers(scenario).simulation->world().state_hash());
    }
    BOOST_TEST(hashes[0] == hashes[1]);
    BOOST_TEST(hashes[0] == hashes[2]);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
