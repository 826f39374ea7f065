// Goal: engine.post_to_main_thread: posts of jobs are done at their place in the commit, posts of
// handlers at its end. Method: handlers that write down their order; posts without end, against the
// limits of depth and number.
#include <boost/test/unit_test.hpp>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(posts)

BOOST_AUTO_TEST_CASE(posts_of_handlers_are_done_at_the_end_of_the_commit_in_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 3 do engine.submit("work", i) end end
        function jobs.work(i) engine.post_to_main_thread("first", i) note("job " .. i) end
        function actions.first(i)
            say("first " .. i)
            engine.post_to_main_thread("second", i)
            engine.post_to_main_thread("note", "last of " .. i)
            say("end of first " .. i)
        end
        function actions.second(i) say("second " .. i) engine.post_to_main_thread("note", "third " .. i) end
    )lua",
                                                   1));
    BOOST_TEST(
        probe_text(*trace.simulation) ==
        R"(["first 1","end of first 1","job 1","first 2","end of first 2","job 2","first 3","end of first 3","job 3",)"
        R"("second 1","last of 1","second 2","last of 2","second 3","last of 3","third 1","third 2","third 3"])");
}

BOOST_AUTO_TEST_CASE(posts_of_callbacks_are_done_in_the_same_frame) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_start() engine.post_to_main_thread("note", "start") end
        function on_input() engine.post_to_main_thread("note", "input") end
        function on_frame(frame) engine.post_to_main_thread("note", "frame " .. frame) engine.submit("work") end
        function jobs.work() note("job") end
        function on_commit(frame) say("commit " .. frame) engine.post_to_main_thread("note", "after " .. frame) end
    )lua",
                                                   2));
    const List log = probe(*trace.simulation).as_list();
    const auto position = [&](std::string_view text) {
        for (std::size_t i = 0; i < log.size(); ++i)
            if (log[i] == Value(text)) return i;
        return log.size();
    };
    for (const char* text :
         {"start", "frame 1", "job", "commit 1", "after 1", "frame 2", "commit 2", "after 2"})
        BOOST_TEST(position(text) < log.size(), text << " is missing");
    BOOST_TEST(position("start") < position("job"));
    BOOST_TEST(position("frame 1") < position("commit 1"));
    BOOST_TEST(position("job") < position("commit 1"));
    BOOST_TEST(position("commit 1") < position("after 1"));
    BOOST_TEST(position("after 1") < position("frame 2"));
}

BOOST_AUTO_TEST_CASE(two_handlers_that_post_to_each_other_for_ever_end_at_the_depth_limit) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() engine.submit("work") engine.submit("neighbour") end
        function jobs.work() engine.post_to_main_thread("ping") end
        function jobs.neighbour() note("neighbour") engine.post_to_main_thread("fine") end
        function actions.ping() engine.add("probe", "number", 1) engine.post_to_main_thread("pong") end
        function actions.pong() engine.add("probe", "number", 1) engine.post_to_main_thread("ping") end
        function actions.fine() engine.post_to_main_thread("note", "fine") end
    )lua",
                                   2);
    scenario.limits.post_depth = 6;
    const Trace trace = compare_workers(scenario);
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 2u);
    for (const Fault& fault : faults) BOOST_TEST((fault.kind == FaultKind::limit), describe(fault));
    const std::int64_t runs = probe(*trace.simulation, "number").as_integer();
    BOOST_TEST(runs >= 2 * 5);
    BOOST_TEST(runs <= 2 * 7);
    BOOST_TEST(probe_text(*trace.simulation) == R"(["neighbour","fine","neighbour","fine"])");
}

BOOST_AUTO_TEST_CASE(posts_that_multiply_end_at_the_limit_of_their_number) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() engine.submit("work") engine.submit("neighbour") end
        function jobs.work() engine.post_to_main_thread("spread") end
        function jobs.neighbour() note("neighbour") end
        function actions.spread()
            engine.add("probe", "number", 1)
            engine.post_to_main_thread("spread")
            engine.post_to_main_thread("spread")
        end
    )lua",
                                   2);
    scenario.limits.posts_per_commit = 100;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(trace.faults().size() >= 2u);
    for (const Fault& fault : trace.faults())
        BOOST_TEST((fault.kind == FaultKind::limit), describe(fault));
    BOOST_TEST(probe(*trace.simulation, "number").as_integer() >= 2 * 50);
    BOOST_TEST(probe(*trace.simulation, "number").as_integer() <= 2 * 102);
    BOOST_TEST(probe_text(*trace.simulation) == R"(["neighbour","neighbour"])");
}

BOOST_AUTO_TEST_CASE(data_of_posts_is_what_it_was_when_posted) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame()
            local data = { "frame" }
            engine.post_to_main_thread("note", data)
            data[1] = "changed"
            engine.submit("work")
        end
        function jobs.work()
            local data = { 1, { 2.5, "text" }, inner = { [3] = true } }
            note(data)
            data[1], data.inner = "changed", nil
            note(data)
        end
    )lua",
                                                   1));
    const std::string text = probe_text(*trace.simulation);
    BOOST_TEST(text.find(R"(["frame"])") != std::string::npos, text);
    BOOST_TEST(text.find(R"("1":1)") != std::string::npos, text);
    BOOST_TEST(text.find(R"(["changed",[2.5,"text"]])") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(data_that_has_no_canonical_form_is_an_error_that_names_the_path) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 6 do engine.submit("work", i) end end
        function jobs.work(i)
            local cycle = { deep = {} }
            cycle.deep.again = cycle
            local data = {
                { field = { print or error } }, cycle, { list = { 1, 2, [4] = 4 } }, { [1.5] = 1 }, { [true] = 1 },
                { field = coroutine.create(function() end) },
            }
            note(data[i])
        end
    )lua",
                                                   1));
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 6u);
    for (const Fault& fault : faults) BOOST_TEST((fault.kind == FaultKind::error));
    BOOST_TEST(faults[0].message.find("field") != std::string::npos, faults[0].message);
    BOOST_TEST(faults[1].message.find("again") != std::string::npos, faults[1].message);
    BOOST_TEST(faults[2].message.find("list") != std::string::npos, faults[2].message);
    BOOST_TEST(faults[5].message.find("field") != std::string::npos, faults[5].message);
    BOOST_TEST(probe_text(*trace.simulation) == "null");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
