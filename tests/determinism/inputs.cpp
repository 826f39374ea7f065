// Goal: inputs come in one canonical order, whatever order they are handed over in, and a bad one
// stands alone. Method: shuffled inputs of several sources to a program that writes them down.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "canon/error.hpp"
#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

const char* const kWritesDown = R"lua(
function on_input(source, data) say({ engine.frame(), source, data }) end
)lua";

std::vector<Input> three_sources(std::uint64_t frame) {
    std::vector<Input> inputs;
    for (std::uint32_t source : {3u, 10u, 7u})
        for (std::uint64_t sequence : {frame * 10 + 2, frame * 10, frame * 10 + 1})
            inputs.push_back({source, sequence, static_cast<std::int64_t>(sequence % 10)});
    std::rotate(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(frame * 4 % 9),
                inputs.end());
    return inputs;
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(inputs)

BOOST_AUTO_TEST_CASE(sources_take_turns_at_being_first_and_sequences_ascend) {
    Scenario scenario = with_probe(kWritesDown, 6);
    scenario.inputs = three_sources;
    const Trace trace = compare_workers(scenario);
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 6u * 9u);
    std::vector<std::int64_t> firsts;
    for (std::size_t frame = 0; frame < 6; ++frame) {
        std::vector<std::int64_t> sources;
        for (std::size_t i = 0; i < 9; ++i) {
            const Value& entry = log[frame * 9 + i];
            BOOST_TEST(entry[1].as_integer() == static_cast<std::int64_t>(frame + 1));
            BOOST_TEST(entry[3].as_integer() == static_cast<std::int64_t>(i % 3));
            if (i % 3 == 0)
                sources.push_back(entry[2].as_integer());
            else
                BOOST_TEST(entry[2].as_integer() == sources.back());
        }
        firsts.push_back(sources[0]);
        // A rotation of 3, 7, 10.
        std::rotate(sources.begin(), std::min_element(sources.begin(), sources.end()),
                    sources.end());
        BOOST_TEST(sources == (std::vector<std::int64_t>{3, 7, 10}),
                   boost::test_tools::per_element());
    }
    for (std::size_t frame = 0; frame + 3 <= 6; ++frame)
        BOOST_TEST(std::set<std::int64_t>(firsts.begin() + static_cast<std::ptrdiff_t>(frame),
                                          firsts.begin() + static_cast<std::ptrdiff_t>(frame) + 3)
                       .size() == 3u);
}

BOOST_AUTO_TEST_CASE(the_order_in_which_inputs_are_handed_over_changes_nothing) {
    const auto chain = [](int turns) {
        Scenario scenario = with_probe(kWritesDown, 5);
        scenario.inputs = [turns](std::uint64_t frame) {
            std::vector<Input> inputs = three_sources(frame);
            std::rotate(inputs.begin(), inputs.begin() + turns, inputs.end());
            if (turns % 2 == 1) std::reverse(inputs.begin(), inputs.end());
            return inputs;
        };
        return run(scenario, 2).reports.back().chain;
    };
    for (int turns = 1; turns < 9; ++turns) BOOST_TEST(chain(turns) == chain(0));
}

BOOST_AUTO_TEST_CASE(two_inputs_of_one_source_with_one_sequence_are_refused_and_nothing_happens) {
    const Scenario scenario = with_probe(
        std::string(kWritesDown) + "function on_frame(f) engine.add('probe', 'number', f) end");
    auto simulation = start(scenario, 2);
    simulation->step();
    const std::uint64_t hash = simulation->state_hash(), chain = simulation->chain();
    const std::vector<Input> bad = {{1, 5, "a"}, {2, 5, "b"}, {1, 6, "c"}, {1, 5, "d"}};
    BOOST_CHECK_THROW(simulation->step(bad), Error);
    BOOST_TEST(simulation->frame().value == 1u);
    BOOST_TEST(simulation->state_hash() == hash);
    BOOST_TEST(simulation->chain() == chain);
    const std::vector<Input> good(bad.begin(), bad.end() - 1);
    simulation->step(good);
    auto other = start(scenario, 1);
    other->step();
    other->step(good);
    check_same_state(*simulation, *other, "after the refused inputs");
    BOOST_TEST(probe(*simulation).as_list().size() == 3u);
}

BOOST_AUTO_TEST_CASE(an_input_that_fails_stands_alone) {
    Scenario scenario = with_probe(R"lua(
        function on_input(source, data)
            engine.add("probe", "number", 1)
            engine.submit("work", data)
            if data == 13 then error("bad luck") end
            if data == 14 then while true do end end
            if data == 15 then local t = {} while true do t = { t, t } end end
            engine.add("probe", "number", 10)
        end
        function jobs.work(x) note(x) end
    )lua",
                                   2);
    scenario.limits.strikes = 100;
    scenario.inputs = [](std::uint64_t) {
        std::vector<Input> inputs;
        for (int i = 10; i < 18; ++i) inputs.push_back({1, static_cast<std::uint64_t>(i), i});
        return inputs;
    };
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "110");
    BOOST_TEST(probe_text(*trace.simulation) == "[10,11,12,16,17,10,11,12,16,17]");
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 6u);
    for (const Fault& fault : faults) BOOST_TEST(fault.function == "on_input");
    BOOST_TEST((faults[0].kind == FaultKind::error));
    BOOST_TEST((faults[1].kind == FaultKind::budget));
    BOOST_TEST((faults[2].kind == FaultKind::memory || faults[2].kind == FaultKind::budget));
}

BOOST_AUTO_TEST_CASE(inputs_arrive_with_all_their_data) {
    Scenario scenario = with_probe(R"lua(
        function on_input(source, data) say({ source, math.type(data) or type(data), data == nil and "nil" or data }) end
    )lua",
                                   1);
    scenario.inputs = [](std::uint64_t) {
        return std::vector<Input>{{1, 1, Value()},
                                  {1, 2, true},
                                  {1, 3, -7},
                                  {1, 4, 2.0},
                                  {1, 5, std::string_view("zero \0 byte", 11)},
                                  {1, 6, List{1, List{2.5, "x"}}},
                                  {1, 7, Map{{"a", Map{{"b", 1}}}, {5, "five"}}},
                                  {1, 8, 0.0 / 0.0},
                                  {4000000000u, 1ull << 63, "large numbers"}};
    };
    const Trace trace = compare_workers(scenario);
    const std::string text = probe_text(*trace.simulation);
    for (const char* wanted :
         {R"([1,"nil","nil"])", R"([1,"boolean",true])", R"([1,"integer",-7])",
          R"([1,"float",2.0])", R"([1,"string","zero \u0000 byte"])",
          R"([1,"table",[1,[2.5,"x"]]])", R"([1,"table",{"5":"five","a":{"b":1}}])",
          R"([1,"float","nan"])", R"([4000000000,"string","large numbers"])"})
        BOOST_TEST(text.find(wanted) != std::string::npos, wanted << " is missing in " << text);
}

BOOST_AUTO_TEST_CASE(inputs_are_part_of_the_chain_even_if_the_program_ignores_them) {
    const auto last = [](Value data, bool given, std::uint32_t source = 1) {
        Scenario scenario = with_probe("function on_frame() end", 1);
        scenario.inputs = [=](std::uint64_t) {
            return given ? std::vector<Input>{{source, 1, data}} : std::vector<Input>{};
        };
        const Trace trace = run(scenario);
        BOOST_TEST(describe_all(trace.faults()) == "");
        return trace.reports.back();
    };
    const FrameReport none = last(1, false), one = last(1, true), two = last(2, true),
                      other = last(1, true, 2);
    BOOST_TEST(none.state_hash == one.state_hash);
    BOOST_TEST(one.state_hash == two.state_hash);
    const std::set<std::uint64_t> chains = {none.chain, one.chain, two.chain, other.chain};
    BOOST_TEST(chains.size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
