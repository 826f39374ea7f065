// Goal: what a script writes and nothing keeps is told by its name and the function that did it,
// nothing else is told, and looking for it changes no hash. Method: programs of one mistake each,
// next to the same program without it; then random programs with and without the check.
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "canon/chaos.hpp"
#include "canon/hash.hpp"
#include "determinism/melee.hpp"
#include "determinism/random_programs.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

// Lines 1 and 2 of a program; job `work` is what a test puts on line 3 and the following.
const char* const kUnits =
    R"lua(template("unit", { hp = 1, bag = any, cells = array(0, 3) }) )lua"
    R"lua(local last, memo = 0, { deep = { list = { 1, 2 } } } )lua"
    R"lua(counter, shared = 0, { list = { 1, 2, { 3 } }, )lua"
    R"lua(name = "a name of more than forty letters, not kept once" } )lua"
    R"lua(function on_start() for i = 1, 2 do engine.spawn_entity("unit", )lua"
    R"lua({ bag = { i, items = { 5, 6 } } }) end end
function on_frame() engine.submit("work", 1) end
)lua";

Scenario checked(const std::string& text, std::uint64_t frames = 1) {
    Scenario scenario{.main = kUnits + text, .frames = frames};
    scenario.check_writes = true;
    scenario.modules = {{"ai.targets",
                         "local seen = {} local M = { cache = { 1, 2, 3 }, best = 1 } "
                         "function M.see(x) seen[x] = true end return M"},
                        {"lazy", "return { made = {} }"}};
    return scenario;
}

Scenario job(const std::string& body) { return checked("function jobs.work(id) " + body + " end"); }

std::string told_of(const Trace& trace) {
    std::string text;
    for (const FrameReport& report : trace.reports)
        for (const LostWrite& write : report.lost_writes) text += describe(write) + "\n";
    return text;
}

std::string told(const Scenario& scenario) {
    const Trace trace = compare_workers(scenario, kFewWorkerCounts);
    BOOST_TEST(describe_all(trace.faults()) == "");
    return told_of(trace);
}

void check_told(const std::string& body, const std::string& expected) {
    BOOST_TEST_CONTEXT(body) BOOST_TEST(told(job(body)) == expected);
}

const std::string kWork = "jobs.work (main.lua:3) has ";

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(lost_writes)

BOOST_AUTO_TEST_CASE(globals_that_a_job_changes_are_told) {
    check_told("counter = counter + 1", kWork + "changed the global counter\n");
    check_told("fresh = 1", kWork + "added the global fresh\n");
    check_told("counter = nil", kWork + "removed the global counter\n");
    check_told("shared = {}", kWork + "changed the global shared\n");
    check_told("counter = 0.0", kWork + "changed the global counter\n");
    check_told("string.trim = print", kWork + "added the global string.trim\n");
    check_told("a = 1 b = 2", kWork + "added the global a\n" + kWork + "added the global b\n");
}

BOOST_AUTO_TEST_CASE(nested_tables_are_told_by_their_path) {
    check_told("shared.list[2] = 9", kWork + "changed the global shared.list[2]\n");
    check_told("shared.list[3][1] = 9", kWork + "changed the global shared.list[3][1]\n");
    check_told("table.insert(shared.list, 4)", kWork + "added the global shared.list[4]\n");
    check_told("table.remove(shared.list)", kWork + "removed the global shared.list[3]\n");
    check_told("shared['two words'] = 1", kWork + "added the global shared[\"two words\"]\n");
    check_told("for i = 1, 3 do shared['k' .. i] = i end",
               kWork + "added the global shared.k1\n" + kWork + "added the global shared.k2\n" +
                   kWork + "added the global shared.k3\n");
    check_told("setmetatable(shared, {})", kWork + "added the global shared's metatable\n");
}

BOOST_AUTO_TEST_CASE(variables_outside_of_the_function_are_told) {
    check_told("last = id", kWork + "changed the upvalue last of jobs.work (main.lua:3)\n");
    check_told("memo.deep.list[1] = 7",
               kWork + "changed the upvalue memo.deep.list[1] of jobs.work (main.lua:3)\n");
    BOOST_TEST(told(checked("local function helper() last = last + 1 end\n"
                            "function jobs.work() helper() end")) ==
               "jobs.work (main.lua:4) has changed the upvalue last of helper (main.lua:3)\n");
}

BOOST_AUTO_TEST_CASE(tables_of_modules_are_told_by_the_module) {
    const std::string load = "local targets = require 'ai.targets'\n";
    const std::string work = "jobs.work (main.lua:4) has ";
    BOOST_TEST(told(checked(load + "function jobs.work() targets.cache[3] = 0 end")) ==
               work + "changed cache[3] of the module ai.targets\n");
    BOOST_TEST(told(checked(load + "function jobs.work() targets.best = nil end")) ==
               work + "removed best of the module ai.targets\n");
    BOOST_TEST(told(checked(load + "function jobs.work() targets.see(7) end")) ==
               work + "added the upvalue seen[7] of see (ai/targets.lua:1)\n");
}

BOOST_AUTO_TEST_CASE(what_is_as_it_was_when_the_run_ends_is_not_told) {
    check_told("counter = 5 counter = 0", "");
    check_told("counter, last = 0, 0", "");
    check_told("shared.list[2] = 2", "");
    check_told(
        "shared.name = ('A name of more than forty letters, not kept once')"
        ":gsub('^A', 'a'):sub(1)",
        "");
    check_told("shared.extra = {} shared.extra = nil", "");
    check_told("local mine = {} mine.x = 1 setmetatable(mine, {})", "");
    check_told("for k in pairs(shared) do next(shared, k) end string.format('%d', 1)", "");
    check_told("pcall(error) coroutine.wrap(function() counter = counter end)()", "");
}

BOOST_AUTO_TEST_CASE(a_module_that_a_job_requires_first_is_not_told) {
    check_told("require('lazy').made[1] = 1 require('lazy').more = 2", "");
}

BOOST_AUTO_TEST_CASE(copies_of_fields_that_are_changed_and_not_set_are_told) {
    const auto lost = [](const char* change, const char* name) {
        return kWork + change + " its copy of unit." + name +
               " of entity 1 and not set the field\n";
    };
    check_told("local bag = engine.get(id, 'bag') bag[1] = 7", lost("changed", "bag[1]"));
    check_told("engine.get(id, 'bag').items[2] = nil", lost("removed", "bag.items[2]"));
    check_told("local bag = engine.get(id, 'bag') bag.items.more = { 1 }",
               lost("added", "bag.items.more"));
    check_told("engine.at(id, 'bag', 'items')[1] = 7", lost("changed", "bag.items[1]"));
    check_told("local hp, cells = engine.get(id, 'hp', 'cells') cells[3] = hp",
               lost("changed", "cells[3]"));
    check_told("local bag = engine.get(id, 'bag') engine.set(id, 'bag', bag) bag[1] = 7",
               lost("changed", "bag[1]"));
    check_told("local bag = engine.get(id, 'bag') bag[1] = 7 engine.set(2, 'bag', {})",
               lost("changed", "bag[1]"));
}

BOOST_AUTO_TEST_CASE(copies_of_fields_that_are_used_are_not_told) {
    check_told("local bag = engine.get(id, 'bag') bag[1] = 7 engine.set(id, 'bag', bag)", "");
    check_told("local bag = engine.get(id, 'bag') bag[1] = 7 engine.put(id, 'bag', 1, 7)", "");
    check_told("local bag = engine.get(id, 'bag') bag[1] = 7 engine.set(id, 'bag', { bag[1] })",
               "");
    check_told("local bag = engine.get(id, 'bag') bag[1] = 7 engine.set(2, 'bag', { old = bag })",
               "");
    check_told(
        "local bag = engine.get(id, 'bag') bag[1] = 7 engine.submit('work', bag, "
        "{ delay = 9 })",
        "");
    check_told("local bag = engine.get(id, 'bag') bag[1] = bag[1] bag.x = 1 bag.x = nil", "");
    check_told("local cells = engine.get(id, 'cells') cells[1] = 1 engine.set(id, 'cells', cells)",
               "");
}

BOOST_AUTO_TEST_CASE(fields_that_two_jobs_set_in_one_frame_are_told) {
    const std::string frame =
        "function on_frame() engine.submit('first') engine.submit('second', 4) end ";
    const auto two = [&](const char* first, const char* second) {
        return told(checked(frame + "function jobs.first() " + first +
                            " end\nfunction jobs.second(x) " + second +
                            " end function jobs.work() end"));
    };
    BOOST_TEST(two("engine.set(1, 'hp', 3)", "engine.set(1, 'hp', x)") ==
               "jobs.second (main.lua:4) has set unit.hp of entity 1 in job 1:0, where jobs.first "
               "had set another value in job 0:0\n");
    BOOST_TEST(two("engine.set(1, 'hp', 4)", "engine.set(1, 'hp', x)") == "");
    BOOST_TEST(two("engine.add(1, 'hp', 3)", "engine.add(1, 'hp', x)") == "");
    BOOST_TEST(two("engine.set(1, 'hp', 3)", "engine.set(2, 'hp', x)") == "");
    BOOST_TEST(two("engine.set(1, 'hp', 3) engine.set(1, 'hp', 5)", "") == "");
    BOOST_TEST(two("engine.set(99, 'hp', 3)", "engine.set(99, 'hp', x)") == "");
}

BOOST_AUTO_TEST_CASE(a_set_that_the_world_did_not_take_overwrites_nothing_and_is_not_overwritten) {
    // Jobs 0 to 2 of a frame. The entity is the one that job 1 spawns: what job 0 sets is set
    // before it is there; and of it no job knows what type its fields have.
    const auto three = [&](const char* first, const char* third) {
        const Trace trace = compare_workers(
            checked("function on_frame() engine.submit('first', 1027) engine.submit('spawns') "
                    "engine.submit('third', 1027) end function jobs.spawns() "
                    "assert(engine.spawn_entity('unit') == 1027) end function jobs.first(id) " +
                    std::string(first) + " end function jobs.third(id) " + third +
                    " end function jobs.work() end"));
        BOOST_TEST(describe_all(trace.faults()) == "");
        BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 3u);
        return told_of(trace);
    };
    BOOST_TEST(three("", "engine.set(id, 'hp', 3)") == "");
    BOOST_TEST(three("engine.set(id, 'hp', 2)", "engine.set(id, 'hp', 3)") == "");
    BOOST_TEST(told(checked("function on_frame() engine.submit('spawns') for i = 1, 3 do "
                            "engine.submit('sets', i) end end function jobs.spawns() "
                            "engine.spawn_entity('unit') end function jobs.sets(i) "
                            "engine.set(3, 'hp', ({ 'text', 5, 'other text' })[i]) end "
                            "function jobs.work() end")) == "");
}

BOOST_AUTO_TEST_CASE(callbacks_and_handlers_are_told_too) {
    Scenario scenario = checked(
        "function on_start() counter = 1 end\nfunction on_input() counter = 1 end\n"
        "function on_frame() engine.submit('work') counter = 1 end\n"
        "function jobs.work() engine.post_to_main_thread('handle', 1) end\n"
        "function actions.handle(x) counter = x end\nfunction on_commit() last = 1 end");
    scenario.inputs = [](std::uint64_t) { return std::vector<Input>{{1, 1, 1}}; };
    BOOST_TEST(told(scenario) ==
               "on_start (main.lua:3) has changed the global counter\n"
               "on_commit (main.lua:8) has changed the upvalue last of on_commit (main.lua:8)\n"
               "on_input (main.lua:4) has changed the global counter\n"
               "on_frame (main.lua:5) has changed the global counter\n"
               "actions.handle (main.lua:7) has changed the global counter\n"
               "on_commit (main.lua:8) has changed the upvalue last of on_commit (main.lua:8)\n");
}

BOOST_AUTO_TEST_CASE(a_job_that_was_stopped_is_told_at_its_end) {
    const std::string handler = " function actions.handle(x) return x end ";
    BOOST_TEST(told(checked("function jobs.work(id) counter = 7 engine.call('handle', 1) end" +
                            handler)) == kWork + "changed the global counter\n");
    BOOST_TEST(told(checked("function jobs.work(id) counter = 7 engine.call('handle', 1) "
                            "counter = 0 end" +
                            handler)) == "");
    BOOST_TEST(told(checked("function jobs.work(id) local bag = engine.get(id, 'bag') bag[1] = 7 "
                            "engine.call('handle', 1) end" +
                            handler)) ==
               kWork + "changed its copy of unit.bag[1] of entity 1 and not set the field\n");
    BOOST_TEST(told(checked("function jobs.work(id) local bag = engine.get(id, 'bag') bag[1] = 7 "
                            "engine.call('handle', 1) engine.set(id, 'bag', bag) end" +
                            handler)) == "");
}

BOOST_AUTO_TEST_CASE(background_jobs_are_told_in_the_frame_of_delivery) {
    const Trace trace = compare_workers(
        checked("function on_frame(f) if f == 1 then engine.submit('work', 1, { deliver = 2 }) end "
                "end function jobs.work() counter = 1 end",
                4));
    for (const FrameReport& report : trace.reports)
        BOOST_TEST(report.lost_writes.size() == (report.frame.value == 3 ? 1u : 0u));
    BOOST_TEST(told_of(trace) == kWork + "changed the global counter\n");
}

BOOST_AUTO_TEST_CASE(many_runs_of_a_function_are_one_entry_with_a_count) {
    const Trace trace = compare_workers(checked(
        "function on_frame() engine.submit_each('work', 'unit') engine.submit('work', 1) end "
        "function jobs.work(id) counter = id end"));
    BOOST_REQUIRE(trace.reports[1].lost_writes.size() == 1u);
    const LostWrite& write = trace.reports[1].lost_writes[0];
    BOOST_TEST(write.count == 3u);
    BOOST_TEST(write.in_job);
    BOOST_TEST((write.stamp == Stamp{Frame{1}, 0, 0}));
    BOOST_TEST((write.kind == LostWrite::Kind::global));
    BOOST_TEST(write.function == "jobs.work");
    BOOST_TEST(write.chunk == "main.lua");
    BOOST_TEST(write.line == 3);
}

BOOST_AUTO_TEST_CASE(runs_that_fail_and_simulations_that_do_not_check_tell_nothing) {
    Scenario scenario = job("counter = 1 error('x')");
    BOOST_TEST(told_of(run(scenario)) == "");
    scenario = job("counter = 1");
    scenario.check_writes = false;
    BOOST_TEST(told_of(run(scenario)) == "");
}

BOOST_AUTO_TEST_CASE(a_run_in_which_the_collector_works_is_told_of_globals) {
    // Four times what starts the collector; what it has read from fields before is forgotten.
    check_told(
        "local bag = engine.get(id, 'bag') bag[1] = 7 bag = nil local eaten "
        "for i = 1, 2000 do eaten = ('x'):rep(1000 + i % 9) .. i end shared.eaten = #eaten",
        kWork + "added the global shared.eaten\n");
}

// In chaos one job in eight has its garbage collected, and then a copy may be gone at its end.
BOOST_AUTO_TEST_CASE(copies_that_the_collector_has_taken_in_chaos_are_not_looked_at) {
    Scenario scenario = checked(R"lua(
        function on_frame() for i = 1, 40 do engine.submit("churn", i, { key = i }) end end
        function jobs.churn(n)
            for i = 1, 30 do
                local bag = engine.get(1, "bag")
                bag[1], bag.items[1] = n, i
                local other = { ("text "):rep(i), { i, n, i * n } }
            end
        end
        function jobs.work() end
    )lua");
    SimulationOptions options{.workers = 2, .limits = scenario.limits};
    options.check_writes = true;
    std::uint64_t collections = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        ChaosPair pair(load(scenario), options, seed);
        for (int frame = 0; frame < 3; ++frame) pair.step();
        BOOST_TEST(pair.report().same(), describe(pair.report()));
        collections += pair.in_chaos().statistics().odd_collections;
    }
    BOOST_TEST(collections > 0u);
}

std::string hashes_of(const Trace& trace) {
    std::ostringstream out;
    for (const FrameReport& report : trace.reports)
        out << report.frame.value << ' ' << hash_text(report.state_hash) << ' '
            << hash_text(report.chain) << ' ' << report.faults.size() << '\n';
    return out.str();
}

constexpr int kAtLimits = 6;
constexpr unsigned kEaters = 20;
const char* const kEater = R"lua(
template("unit", { bag = any })
singleton("base", { n = 0 })
function on_start(config)
    engine.spawn_entity("unit", { bag = { 1, { 2 } } })
    engine.set("base", "n", config.base)
end
function on_frame()
    for i = 1, 20 do engine.submit("eat", i, { key = i }) end
end
function jobs.eat(n)
    local kept, unit = {}, engine.where("unit", "bag", { 1, { 2 } })[1]
    for i = 1, engine.get("base", "n") + n * 50 do
        kept[#kept + 1] = i % 50 == 0 and engine.get(unit, "bag") or { i, i }
    end
    shared = kept
    note(#kept)
end
)lua";

BOOST_AUTO_TEST_CASE(the_check_changes_no_hash) {
    std::vector<Scenario> scenarios{melee()};
    for (std::uint64_t number = 0; number < 12; ++number)
        scenarios.push_back(random_program(number));
    // At the limits of memory, with and without the collector: one table more would end other jobs.
    for (int i = 0; i < kAtLimits; ++i) {
        scenarios.push_back(with_probe(kEater, 1));
        scenarios.back().config = Map{{"base", 17'200 + i * 7}};
        if (i % 2 == 0) scenarios.back().limits.collect_bytes = quick_limits().memory_bytes;
    }
    std::size_t found = 0, faults = 0;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        Scenario& scenario = scenarios[i];
        const Trace without = run(scenario, 2);
        scenario.check_writes = true;
        const Trace with = run(scenario, 2);
        BOOST_TEST_CONTEXT("scenario " << i) BOOST_TEST(hashes_of(with) == hashes_of(without));
        for (const FrameReport& report : with.reports) found += report.lost_writes.size();
        if (i >= scenarios.size() - kAtLimits) faults += with.faults().size();
    }
    BOOST_TEST(found > 0u);
    BOOST_TEST(faults > 0u);                   // some are ended by the limit ...
    BOOST_TEST(faults < kAtLimits * kEaters);  // ... and some are not
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
