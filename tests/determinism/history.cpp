// Goal: a job's result does not depend on what ran before it on its worker (rows H1, H2 of
// docs/DETERMINISM.md). Method: innocent jobs write down everything they can see of their Lua heap;
// they run alone, and again between jobs that poison globals, modules, upvalues, library tables and
// the string metatable, and end well, by an error, a spent budget or out of memory. What the
// innocent ones wrote must not differ.
#include <boost/test/unit_test.hpp>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

const char* const kHistory = R"lua(
template("unit", { text = "", number = 0 })

local helper = require "helper"
local calls = 0
shared = { list = {} }
poisoning = false

function on_start(config)
    for i = 1, 40 do engine.spawn_entity("unit") end
    engine.set("probe", "number", config.poison)
end

function on_frame(frame)
    local poison = engine.get("probe", "number")
    for i = 1, poison do engine.submit("poison", i, { priority = i % 3 - 1 }) end
    for id in engine.each("unit") do engine.submit("innocent", id, { key = id }) end
    for i = 1, poison do engine.submit("poison", i + poison, { priority = i % 3 - 1 }) end
end

function jobs.innocent(id)
    local seen = {}
    local function see(x) seen[#seen + 1] = tostring(x) end
    for key, value in pairs(_G) do
        see(key)
        if type(value) == "table" then
            for inner in pairs(value) do if type(inner) == "string" then see(inner) end end
        end
    end
    see(calls) see(#shared.list) see(shared.key1) see(helper.value) see(poisoning) see(kept)
    see(("abc"):upper()) see(string.format("%.3f", math.sin(1))) see(math.pi) see(("x").poison)
    see(pcall(function() return "1" + 1 end)) see(pcall(function() return {} .. "x" end))
    see(select("#", table.unpack({ 1, 2, nil, 4 }, 1, 4)))
    local holes = {}
    for i = 1, 20 do holes["k" .. i] = i end
    for i = 1, 20, 3 do holes["k" .. i] = nil end
    for i = 1, 8 do if i ~= 3 and i ~= 7 then holes[i] = i end end
    see(#holes)
    for key in pairs(holes) do see(key) end
    for i = 1, 10 do calls = calls + 1 shared.list[i] = id end
    kept = id
    helper.value = id
    engine.set(id, "text", table.concat(seen, " "))
    engine.set(id, "number", math.random(1, 1 << 40))
end

function jobs.poison(kind)
    poisoning = true
    calls = calls + 1000
    kept = coroutine.create(function() coroutine.yield(1) end)
    coroutine.resume(kept)
    pcall(function() getmetatable("").__index = function() return "POISON" end end)
    pcall(function() getmetatable("").poison = "POISON" end)
    pcall(function() getmetatable("").__add = function() return "POISON" end end)
    pcall(function() string.poison = "POISON" end)
    pcall(function() string.upper = function() return "POISON" end end)
    pcall(function() string.format = nil end)
    pcall(function() math.pi = 3 math.sin = math.cos end)
    pcall(function() table.concat = function() return "POISON" end table.unpack = nil end)
    pcall(function() engine.set = engine.add engine.get = nil end)
    pcall(function() jobs.innocent = function() end actions.note = nil end)
    pcall(function() setmetatable(_G, { __index = function() return "POISON" end }) end)
    pcall(function() helper.value = "POISON" require("helper").value = "POISON" end)
    for i = 1, 50 do shared["key" .. i] = {} shared.list[i] = i end
    for i = 1, kind % 7 do math.random() end
    for i = 1, kind % 50 do _G["poison" .. i] = { i } end
    tostring, pairs, next, select = nil, nil, nil, nil
    if kind % 4 == 0 then error("poison") end
    if kind % 4 == 1 then while true do end end
    if kind % 4 == 2 then local eaten = {} while true do eaten[#eaten + 1] = ("x"):rep(1000) end end
end
)lua";

Trace history(int poison) {
    Scenario scenario = with_probe(kHistory, 2);
    scenario.config = Map{{"poison", poison}};
    scenario.modules = {{"helper", "return { value = 'good' }"}};
    return compare_workers(scenario);
}

std::string innocents_of(const Trace& trace) {
    std::string all;
    const World& world = trace.simulation->world();
    for (EntityId id : ids_of(*trace.simulation, "unit"))
        all += to_json(world.get(id, "number")) + " " + world.get(id, "text").as_string() + "\n";
    return all;
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(history_of_a_worker)

BOOST_AUTO_TEST_CASE(poison_jobs_change_nothing_that_innocent_jobs_see) {
    const Trace alone = history(0), among_poison = history(12);
    BOOST_REQUIRE_EQUAL(describe_all(alone.faults()), "");
    BOOST_TEST(among_poison.faults().size() == 2u * 18u);
    BOOST_TEST(innocents_of(alone) == innocents_of(among_poison));
    const std::string text =
        alone.simulation->world().get(ids_of(*alone.simulation, "unit")[0], "text").as_string();
    BOOST_TEST(text.find("POISON") == std::string::npos);
    BOOST_TEST(text.find(" good ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_job_gets_at_the_metatable_of_strings) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("attack") end
        function jobs.attack()
            local meta = getmetatable("")
            note({ type(meta), (pcall(setmetatable, "", {})), (pcall(function() meta.__index = {} end)),
                   (pcall(function() ("x").poison = 1 end)), ("x"):upper(), "1" + 1 })
        end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == R"([["boolean",false,false,false,"X",2]])");
}

BOOST_AUTO_TEST_CASE(all_innocent_jobs_see_the_same) {
    const Trace trace = history(5);
    const std::vector<EntityId> ids = ids_of(*trace.simulation, "unit");
    for (EntityId id : ids)
        BOOST_TEST((trace.simulation->world().get(id, "text") ==
                    trace.simulation->world().get(ids[0], "text")));
}

BOOST_AUTO_TEST_CASE(callbacks_and_handlers_keep_no_state_of_their_own) {
    Scenario scenario = with_probe(R"lua(
        local count = 0
        total = 0
        local helper = require "helper"
        local function next_count() count = count + 1 total = total + 1 helper.value = helper.value + 1
            return { count, total, helper.value } end
        function on_start() say(next_count()) end
        function on_input() say(next_count()) end
        function on_frame() say(next_count()) engine.submit("work") engine.submit("work") end
        function jobs.work() engine.post_to_main_thread("handle", next_count()) end
        function actions.handle(x) say(x) say(next_count()) end
        function on_commit() say(next_count()) end
    )lua",
                                   2);
    scenario.modules = {{"helper", "return { value = 0 }"}};
    scenario.inputs = [](std::uint64_t) { return std::vector<Input>{{1, 1, 1}, {1, 2, 2}}; };
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    const Value log = probe(*trace.simulation);
    BOOST_TEST(log.as_list().size() == 2u + 2u * 8u);  // on_commit hears of frame 0 too
    // In what a top-level callback or handler calls, each counter has been 1 only: every one began
    // with the image.
    for (const Value& entry : log.as_list()) BOOST_TEST(to_json(entry) == "[1,1,1]");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
