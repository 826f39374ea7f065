// Goal: a program that keeps the contract is the same in chaos, one that does not is found, and
// each circumstance that a chaos seed turns about is another one indeed. Method: pairs of
// simulations, an ordinary one and one in chaos, with several seeds; programs that depend on one
// circumstance each.
#include "canon/chaos.hpp"

#include <boost/test/unit_test.hpp>
#include <cfenv>
#include <cstring>
#include <filesystem>
#include <set>

#include "core/chaos.hpp"
#include "core/hostile_environment.hpp"
#include "determinism/melee.hpp"
#include "determinism/random_programs.hpp"
#include "script/lua_probe.hpp"
#include "script/vm.hpp"

namespace canon::test {
namespace {

SimulationOptions options_of(const Scenario& scenario, unsigned workers = 0) {
    SimulationOptions options;
    options.workers = workers;
    options.seed = scenario.seed;
    options.config = scenario.config;
    options.limits = scenario.limits;
    return options;
}

ChaosReport test_in_chaos(const Scenario& scenario, std::uint64_t seed, unsigned workers = 0) {
    ChaosSurroundings surroundings;
    if (scenario.inputs)
        surroundings.inputs = [&](Frame frame) { return scenario.inputs(frame.value); };
    surroundings.host = scenario.host;
    return chaos_test(load(scenario), options_of(scenario, workers), scenario.frames, seed,
                      surroundings);
}

std::unique_ptr<Simulation> in_chaos(const Scenario& scenario, std::uint64_t seed,
                                     unsigned workers = 0) {
    SimulationOptions options = options_of(scenario, workers);
    options.chaos = seed;
    auto simulation = std::make_unique<Simulation>(
        load(scenario), std::move(options), scenario.host ? scenario.host() : Simulation::Host{});
    while (simulation->frame().value < scenario.frames) step(*simulation, scenario);
    return simulation;
}

// Where tables grow decides which of several borders `#` finds; collisions decide where they grow.
const char* const kHoles = R"lua(
    local function border()
        local t = {}
        for k = 1, 12 do t["key" .. math.random(1000)] = k end
        for k in pairs(t) do t[k] = nil end
        for k = 0, 3 do t[1 << k] = k end
        for k = 1, 6 do t["key" .. math.random(1000)] = k t[math.random(40)] = k end
        return #t
    end
    function on_frame() for i = 1, 50 do engine.submit("work", i, { key = i }) end end
    function jobs.work() note({ border(), border(), border() }) end
)lua";

// Jobs that ask a host function, which should depend on its arguments alone, for its next number.
Scenario counting(std::vector<std::int64_t>* asked = nullptr) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() for i = 1, 50 do engine.submit("work", i) end end
        function jobs.work(i) note(desk.number(i)) end
    )lua",
                                   3);
    scenario.host = [asked] {
        Simulation::Host host;
        auto count = std::make_shared<std::int64_t>(0);
        host.functions.push_back(host_function("desk", "number",
                                               [count, asked](std::int64_t i) {
                                                   if (asked != nullptr) asked->push_back(i);
                                                   return ++*count;
                                               },
                                               {"i"}));
        return host;
    };
    return scenario;
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(chaos)

BOOST_AUTO_TEST_CASE(a_battle_is_the_same_in_chaos) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
        BOOST_TEST(describe(test_in_chaos(melee(12), seed)) ==
                   "chaos seed " + std::to_string(seed) + ": same");
}

// Goal: the order that a program asks for is that of the making of its tables, in chaos too, though
// much garbage lies between them.
BOOST_AUTO_TEST_CASE(a_program_with_arena_order_is_the_same_in_chaos) {
    const Scenario scenario = with_probe(R"lua(
        arena_order()
        function on_frame() for i = 1, 20 do engine.submit("work", i) end end
        function jobs.work(i)
            local all, order = {}, {}
            for k = 1, 60 do
                local junk = {}
                for q = 1, 20 do junk[q] = { q } end
                all[{}] = k
            end
            for _, k in pairs(all) do order[#order + 1] = k end
            note(order)
        end
    )lua",
                                         3);
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
        BOOST_TEST(describe(test_in_chaos(scenario, seed)) ==
                   "chaos seed " + std::to_string(seed) + ": same");
}

BOOST_AUTO_TEST_CASE(samples_are_the_same_in_chaos) {
    int samples = 0;
    for (const auto& entry : std::filesystem::directory_iterator("samples")) {
        if (!std::filesystem::exists(entry.path() / "main.lua") ||
            std::filesystem::exists(entry.path() / "main.cpp"))
            continue;
        ++samples;
        SimulationOptions options;
        options.config = Map{{"sparks", 200}, {"units", 100}};
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            const ChaosReport report =
                chaos_test(Program::from_path(entry.path().string()), options, 10, seed);
            BOOST_TEST(report.same(), entry.path() << ": " << describe(report));
        }
    }
    BOOST_TEST(samples >= 5);
}

BOOST_AUTO_TEST_CASE(random_programs_are_the_same_in_chaos) {
    std::uint64_t collections = 0, held_up = 0;
    for (std::uint64_t number = 1; number <= 30; ++number) {
        const Scenario scenario = random_program(number);
        for (std::uint64_t seed : {number, number + 1000}) {
            const ChaosReport report = test_in_chaos(scenario, seed);
            BOOST_TEST(report.same(), "random program " << number << ": " << describe(report));
        }
        const auto statistics = in_chaos(scenario, number)->statistics();
        collections += statistics.odd_collections;
        held_up += statistics.held_up;
    }
    BOOST_TEST(collections > 100u);
    BOOST_TEST(held_up > 20u);
}

BOOST_AUTO_TEST_CASE(a_program_that_asks_for_the_border_of_a_list_with_holes_is_found) {
    const Scenario scenario = with_probe(kHoles, 2);
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const ChaosReport report = test_in_chaos(scenario, seed, 1);
        if (report.same()) continue;
        ++found;
        BOOST_TEST(report.frame.value == 1u);
        BOOST_TEST(report.difference.find("probe") != std::string::npos, report.difference);
        BOOST_TEST(report.difference.find(".log") != std::string::npos, report.difference);
        const ChaosReport again = test_in_chaos(scenario, seed, 3);
        BOOST_TEST(describe(again) == describe(report));
    }
    BOOST_TEST(found >= 3);
}

BOOST_AUTO_TEST_CASE(a_host_function_that_counts_its_calls_is_found_and_the_seed_repeats_it) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const ChaosReport report = test_in_chaos(counting(), seed, 1);
        BOOST_TEST(!report.same());
        BOOST_TEST(report.frame.value == 1u);
        BOOST_TEST(describe(test_in_chaos(counting(), seed, 1)) == describe(report));
    }
}

// Runs that a collection at the right moment would have saved, or that one has saved.
void check_limits_in_chaos(const Scenario& scenario, std::initializer_list<FaultKind> expected) {
    std::set<FaultKind> kinds;
    std::size_t faults = 0;
    for (const Fault& fault : run(scenario).faults()) kinds.insert(fault.kind), ++faults;
    for (const FaultKind kind : expected) BOOST_TEST(kinds.contains(kind), fault_name(kind));
    BOOST_TEST(faults < 250u);
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        BOOST_TEST(describe(test_in_chaos(scenario, seed)) ==
                   "chaos seed " + std::to_string(seed) + ": same");
}

BOOST_AUTO_TEST_CASE(memory_limits_and_budgets_decide_in_chaos_as_ever) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() for i = 1, 100 do engine.submit("work", i, { key = i }) end end
        function jobs.work(i)
            local kept, drops = {}, math.random(1, 60) * 500
            for k = 1, math.random(100, 2500) do kept[k] = { k, k } end
            for k = 1, drops do local dropped = { k, k } end
            for k = 1, math.random(1, 2500) do kept[#kept + 1] = { k } end
            note(#kept)
        end
    )lua",
                                   3);
    scenario.limits.memory_bytes = 400 << 10;
    scenario.limits.collect_bytes = 200 << 10;
    scenario.limits.job_instructions = 150'000;
    check_limits_in_chaos(scenario, {FaultKind::memory, FaultKind::budget});
}

BOOST_AUTO_TEST_CASE(garbage_that_was_collected_in_chaos_counts_against_the_memory_limit) {
    Scenario scenario = with_probe(R"lua(
        function on_frame() for i = 1, 100 do engine.submit("work", i, { key = i }) end end
        function actions.nothing() end
        function jobs.work(i)
            for k = 1, math.random(1, 5) do
                local dropped = ("x"):rep(math.random(10000, 60000)) .. k
                for j = 1, 20 do dropped = { j } end
            end
            if i % 2 == 0 then engine.call("nothing") end
            note(#("y"):rep(math.random(50000, 200000)))
        end
    )lua",
                                   3);
    scenario.limits.memory_bytes = scenario.limits.collect_bytes = 400 << 10;
    check_limits_in_chaos(scenario, {FaultKind::memory});
}

// ---- each circumstance is another one ----

struct RawOrder {
    std::string keys;
    std::size_t offset;
};

// As `next` of stock Lua shows a table's keys, and where the table lies.
RawOrder raw_order(std::uint64_t seed) {
    script::Arena arena(
        1 << 20, [](void*, bool) {}, nullptr, Chaos(seed).arena_phase);
    bool pinned = false;
    lua_State* L = script::new_pinned_state(arena, Chaos(seed).hash_seed, pinned);
    BOOST_REQUIRE(pinned);
    lua_newtable(L);
    RawOrder order{
        {},
        static_cast<std::size_t>(static_cast<const char*>(lua_topointer(L, -1)) - arena.base())};
    for (int i = 0; i < 64; ++i) {
        const std::string key = "key" + std::to_string(i);
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, key.c_str());
    }
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        order.keys += std::string(lua_tostring(L, -2)) + " ";
    return order;
}

BOOST_AUTO_TEST_CASE(each_seed_has_another_order_of_strings_and_other_offsets_of_objects) {
    const RawOrder usual = raw_order(0);
    std::set<std::string> orders{usual.keys};
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const RawOrder here = raw_order(seed);
        orders.insert(here.keys);
        BOOST_TEST(here.offset == usual.offset + Chaos(seed).arena_phase);
        BOOST_TEST(here.offset != usual.offset);
    }
    BOOST_TEST(orders.size() == 21u);
}

BOOST_AUTO_TEST_CASE(the_heaps_of_a_simulation_have_that_hash_seed_and_those_offsets) {
    const auto holds_seed = [](const script::Vm& vm, std::uint64_t chaos) {
        const std::uint32_t seed = Chaos(chaos).hash_seed;
        return memmem(vm.arena().base(), 4096, &seed, sizeof seed) != nullptr;
    };
    const auto begins_at = [](const script::Vm& vm) {
        std::size_t at = 0;
        while (at < 4096 && vm.arena().base()[at] == 0) ++at;
        return at / 16 * 16;
    };
    script::Vm::Setup setup;
    setup.program = load(with_probe("jobs.work = print", 1));
    const script::Vm usual(setup);
    BOOST_TEST(holds_seed(usual, 0));
    BOOST_TEST(begins_at(usual) == 0u);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        setup.chaos = seed;
        const script::Vm one(setup), other(setup);
        BOOST_TEST(holds_seed(one, seed));
        BOOST_TEST(!holds_seed(one, 0));
        BOOST_TEST(begins_at(one) == Chaos(seed).arena_phase);
        BOOST_TEST(one.image_digest() == other.image_digest());
        BOOST_TEST(one.image_digest() != usual.image_digest());
    }
}

BOOST_AUTO_TEST_CASE(seeds_have_several_numbers_of_workers_unless_one_is_given) {
    std::set<unsigned> counts;
    const Scenario scenario = with_probe("", 0);
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        counts.insert(in_chaos(scenario, seed)->workers());
        BOOST_TEST(in_chaos(scenario, seed, 2)->workers() == 2u);
    }
    BOOST_TEST(counts.size() > 4u);
}

BOOST_AUTO_TEST_CASE(jobs_are_drawn_in_another_order_in_each_frame) {
    const auto asked_in = [](std::uint64_t seed) {
        std::vector<std::int64_t> asked;
        in_chaos(counting(&asked), seed, 1);
        BOOST_TEST(asked.size() == 150u);
        std::set<std::vector<std::int64_t>> orders;
        for (std::size_t begin = 0; begin < asked.size(); begin += 50)
            orders.insert({asked.begin() + static_cast<std::ptrdiff_t>(begin),
                           asked.begin() + static_cast<std::ptrdiff_t>(begin) + 50});
        return orders;
    };
    const auto usual = asked_in(0), one = asked_in(1), other = asked_in(2);
    BOOST_TEST(usual.size() == 1u);
    BOOST_TEST(one.size() == 3u);
    BOOST_TEST(other.size() == 3u);
    for (const auto& order : one) BOOST_TEST(!other.contains(order));
    for (const auto& order : one) {
        BOOST_TEST(!usual.contains(order));
        BOOST_TEST(std::set<std::int64_t>(order.begin(), order.end()).size() == 50u);
    }
}

BOOST_AUTO_TEST_CASE(garbage_is_collected_in_the_middle_of_jobs_and_work_is_held_up) {
    const auto ordinary = in_chaos(melee(12), 0, 2)->statistics();
    BOOST_TEST(ordinary.odd_collections == 0u);
    BOOST_TEST(ordinary.held_up == 0u);
    const auto statistics = in_chaos(melee(40), 3, 2)->statistics();
    BOOST_TEST(statistics.odd_collections > 20u);
    BOOST_TEST(statistics.held_up > 2u);
}

BOOST_AUTO_TEST_CASE(a_step_in_chaos_is_made_in_a_hostile_environment_that_no_script_sees) {
    std::set<int> roundings;
    int inside = FE_UPWARD, calls = 0;
    Scenario scenario = with_probe("function on_frame() engine.post_to_main_thread('look') end", 8);
    scenario.host = [&] {
        Simulation::Host host;
        host.handlers.emplace_back("look", [&](HandlerContext&, const Value&) {
            ++calls;
            if (const auto* around = HostileEnvironment::around())
                roundings.insert(around->rounding());
            inside = std::fegetround();
            return Value();
        });
        return host;
    };
    in_chaos(scenario, 0, 1);
    BOOST_TEST(calls == 8);
    BOOST_TEST(roundings.empty());
    in_chaos(scenario, 5, 1);
    BOOST_TEST(calls == 16);
    BOOST_TEST(roundings.size() > 1u);
    BOOST_TEST(!roundings.contains(FE_TONEAREST));
    BOOST_TEST(inside == FE_TONEAREST);
}

BOOST_AUTO_TEST_CASE(
    a_hostile_environment_rounds_and_flushes_otherwise_and_is_left_as_it_was_found) {
    const auto in_its_own_way = [](int rounding) {
        volatile double one = 1.0, three = -3.0, ten = 10.0;
        volatile double tiny = 0x1p-1074;
        const double third = one / three, tenth = one / ten;
        const double flushed = tiny * one;
        return std::tuple(rounding, third, tenth, flushed);
    };
    const locale_t locale = uselocale(nullptr);
    const auto usual = in_its_own_way(std::fegetround());
    for (std::uint64_t moment = 0; moment < 5; ++moment) {
        std::tuple<int, double, double, double> there;
        locale_t locale_there;
        {
            const HostileEnvironment hostile(9, moment);
            there = in_its_own_way(std::fegetround());
            locale_there = uselocale(nullptr);
        }
        BOOST_TEST(std::get<0>(there) != std::get<0>(usual));
        BOOST_TEST(
            (std::get<1>(there) != std::get<1>(usual) || std::get<2>(there) != std::get<2>(usual)));
#if defined(__x86_64__) || defined(__aarch64__)
        BOOST_TEST(std::get<3>(there) == 0.0);
        BOOST_TEST(std::get<3>(usual) != 0.0);
#endif
        BOOST_TEST(locale_there != locale);
        BOOST_TEST(uselocale(nullptr) == locale);
        BOOST_TEST((in_its_own_way(std::fegetround()) == usual));
    }
}

BOOST_AUTO_TEST_CASE(a_chaos_seed_of_0_and_a_program_that_cannot_be_loaded_are_errors) {
    const Scenario scenario = with_probe("", 1);
    BOOST_CHECK_THROW(test_in_chaos(scenario, 0), Error);
    BOOST_CHECK_EXCEPTION(
        test_in_chaos(with_probe("error('no such luck')", 1), 1), Error, [](const Error& error) {
            return std::string_view(error.what()).find("chaos") == std::string_view::npos;
        });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
