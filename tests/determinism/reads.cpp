// Goal: what reading the world gives: the frozen world in a job, the live one on the main thread;
// dead ids are normal life. Method: small programs write down what they read; the text is compared
// with what the design says.
#include <boost/test/unit_test.hpp>

#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(reads)

BOOST_AUTO_TEST_CASE(a_job_never_sees_its_own_writes_nor_those_of_others) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 1, bag = any, cells = array(0, 3), friend = entity })
        function on_start() engine.spawn_entity("unit") engine.spawn_entity("unit") end
        function on_frame(frame) if frame == 1 then engine.submit_each("work", "unit") end end
        function jobs.work(id)
            local new = engine.spawn_entity("unit", { x = 9 })
            engine.set(id, "x", 5)
            engine.add(id, "x", 5)
            engine.set(id, "bag", { 1, 2 })
            engine.put(id, "cells", 2, 7)
            engine.set(id, "friend", new)
            engine.destroy(id)
            local ids = {}
            for unit in engine.each("unit") do ids[#ids + 1] = unit end
            note({ engine.get(id, "x"), engine.get(id, "bag") == nil, engine.at(id, "cells", 2),
                   engine.get(id, "friend") == nil, engine.alive(id), engine.alive(new), engine.get(new, "x") == nil,
                   engine.count("unit"), #ids, #engine.where("unit", "x", 9) })
        end
    )lua"));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) ==
               "[[1,true,0,true,true,false,true,2,2,0],[1,true,0,true,true,false,true,2,2,0]]");
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 2u);  // the two that were spawned
}

BOOST_AUTO_TEST_CASE(derived_fields_are_fields_and_local_ones_cannot_be_named) {
    Scenario scenario = with_probe(R"lua(
        template("unit", { x = 3, cell = derived(7), flags = derived(array(false, 2)) })
        function on_start() engine.spawn_entity("unit", { cell = 8 }) engine.spawn_entity("lamp") end
        function on_frame(frame) if frame == 1 then engine.submit("work") end end
        function jobs.work()
            local unit, lamp = engine.each("unit")(), engine.each("lamp")()
            engine.add(unit, "cell", 1)
            engine.put(unit, "flags", 2, true)
            local function refused(what, ...)
                local good, why = pcall(what, ...)
                return not good
            end
            note({ engine.get(unit, "cell"), engine.get(lamp, "power"), refused(engine.get, lamp, "handle"),
                   refused(engine.set, lamp, "handle", 1), refused(engine.where, "lamp", "handle", 1),
                   refused(engine.spawn_entity, "lamp", { handle = 1 }), refused(engine.add, lamp, "handle", 1) })
        end
    )lua");
    scenario.host = [] {
        Simulation::Host host;
        host.templates.push_back(
            {.name = "lamp",
             .fields = {{.name = "handle", .type = FieldType::integer, .role = FieldRole::local},
                        {.name = "power", .type = FieldType::integer, .initial = 4}}});
        return host;
    };
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == "[[8,4,true,true,true,true,true]]");
    const World& world = trace.simulation->world();
    const Schema& schema = world.schema();
    const TemplateIndex unit = schema.find("unit");
    BOOST_TEST((schema[unit].fields[schema.field(unit, "cell")].role == FieldRole::derived));
    BOOST_TEST((schema[unit].fields[schema.field(unit, "flags")].role == FieldRole::derived));
    BOOST_TEST((schema[unit].fields[schema.field(unit, "x")].role == FieldRole::basic));
    BOOST_TEST(world.get(ids_of(*trace.simulation, "unit")[0], "cell").as_integer() == 9);
}

BOOST_AUTO_TEST_CASE(on_the_main_thread_everything_is_done_at_once) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 1.0, y = 0.0, team = 0, bag = any, cells = array(0, 3) },
                 { grid = { "x", "y", cell = 4 }, keys = { "team" } })
        local function work(who)
            local before = engine.count("unit")
            local new = engine.spawn_entity("unit", { x = 9, team = 3 })
            local seen = { engine.count("unit") - before, engine.alive(new), engine.get(new, "x") }
            engine.set(new, "x", 5)
            engine.add(new, "x", 0.5)
            seen[#seen + 1] = engine.get(new, "x")
            engine.put(new, "cells", 2, 7)
            seen[#seen + 1] = engine.at(new, "cells", 2)
            engine.set(new, "bag", { a = { 1, 2 } })
            engine.put(new, "bag", "a", 2, "two")
            seen[#seen + 1] = engine.at(new, "bag", "a", 2)
            seen[#seen + 1] = engine.near("unit", 5.5, 0, 0.25)[1] == new
            engine.set(new, "team", 4)
            seen[#seen + 1] = #engine.where("unit", "team", 3)
            seen[#seen + 1] = engine.where("unit", "team", 4)[1] == new
            engine.destroy(new)
            seen[#seen + 1] = engine.alive(new)
            seen[#seen + 1] = engine.count("unit") - before
            seen[#seen + 1] = #engine.near("unit", 5.5, 0, 1)
            say(seen)
        end
        function on_start() engine.spawn_entity("unit") work("start") end
        function on_input() work("input") end
        function on_frame(frame) work("frame") engine.submit("ask") end
        function on_commit(frame) if frame > 0 then work("commit") end end
        function jobs.ask() engine.post_to_main_thread("work") end
        function actions.work() work("handler") end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const std::string once = "[1,true,9.0,5.5,7,\"two\",true,0,true,false,0,0]";
    BOOST_TEST(probe_text(*trace.simulation) ==
               "[" + once + "," + once + "," + once + "," + once + "]");
}

BOOST_AUTO_TEST_CASE(a_handler_sees_what_earlier_actions_of_the_commit_did) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 3 do engine.submit("work", i) end end
        function jobs.work(i)
            engine.add("probe", "number", 1)
            engine.post_to_main_thread("look", i)
            engine.add("probe", "number", 10)
        end
        function actions.look(i) say({ i, engine.get("probe", "number") }) end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) == "[[1,1],[2,12],[3,23]]");
}

BOOST_AUTO_TEST_CASE(a_dead_or_unknown_id_reads_nil_and_takes_no_writes) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 1, friend = entity, cells = array(0, 2), bag = any })
        function on_start()
            local a, b = engine.spawn_entity("unit"), engine.spawn_entity("unit")
            engine.set(a, "friend", b)
            engine.set("probe", "who", b)
            engine.set("probe", "number", b)
            engine.destroy(b)
        end
        function on_frame(frame) engine.submit("work", frame) end
        function jobs.work(frame)
            local dead, unknown = engine.get("probe", "number"), 1 << 40
            for _, id in ipairs { dead, unknown, 0, -5 } do
                note({ select("#", engine.get(id, "x", "friend")), engine.get(id, "x") == nil, engine.alive(id),
                       engine.at(id, "cells", 1) == nil })
                engine.set(id, "x", 5)
                engine.add(id, "x", 5)
                engine.put(id, "cells", 1, 5)
                engine.destroy(id)
            end
            local friend_is_nil
            for id in engine.each("unit") do friend_is_nil = engine.get(id, "friend") == nil end
            note({ friend_is_nil, engine.get("probe", "who") == nil, engine.alive(nil) })
        end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const std::string once = "[2,true,false,true],";
    BOOST_TEST(probe_text(*trace.simulation) ==
               "[" + once + once + once + once + "[true,true,false]]");
    BOOST_TEST(trace.reports[1].dead_actions == 16u);
    BOOST_TEST(trace.reports[1].refused_actions == 0u);
}

BOOST_AUTO_TEST_CASE(actions_on_what_an_earlier_job_destroyed_are_counted_and_do_nothing) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 1 })
        function on_start() engine.set("probe", "who", engine.spawn_entity("unit")) end
        function on_frame() for i = 1, 5 do engine.submit("work", i) end end
        function jobs.work(i)
            local id = engine.get("probe", "who")
            if i == 3 then engine.destroy(id) else engine.add(id, "x", 1) end
        end
    )lua",
                                                   1));
    BOOST_TEST(trace.reports[1].dead_actions == 2u);
    BOOST_TEST(trace.reports[1].actions == 5u);
    BOOST_TEST(describe_all(trace.faults()) == "");
}

BOOST_AUTO_TEST_CASE(queries_are_in_id_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0.0, y = 0.0, team = 0 })
        template("gridded", { x = 0.0, y = 0.0, team = 0 }, { grid = { "x", "y", cell = 2 }, keys = { "team" } })
        function on_start()
            for i = 1, 40 do
                local fields = { x = (i * 17) % 11, y = (i * 5) % 7, team = i % 3 }
                engine.spawn_entity("unit", fields)
                engine.spawn_entity("gridded", fields)
            end
            local kill = {}
            for id in engine.each("unit") do if id % 5 == 0 then kill[#kill + 1] = id end end
            for id in engine.each("gridded") do if id % 5 == 0 then kill[#kill + 1] = id end end
            for _, id in ipairs(kill) do engine.destroy(id) end
        end
        function on_frame() engine.submit("work") end
        local function ascends(ids)
            for i = 2, #ids do if ids[i] <= ids[i - 1] then return false end end
            return #ids > 3
        end
        local function each(name)
            local ids = {}
            for id in engine.each(name) do ids[#ids + 1] = id end
            return ids
        end
        local function brute(name)
            local ids = {}
            for id in engine.each(name) do
                local x, y = engine.get(id, "x", "y")
                if (x - 5) ^ 2 + (y - 3) ^ 2 <= 9 then ids[#ids + 1] = id end
            end
            return table.concat(ids, " ")
        end
        local function look()
            for _, name in ipairs { "unit", "gridded" } do
                local near = engine.near(name, 5, 3, 3.0)
                say({ ascends(each(name)), ascends(near), ascends(engine.where(name, "team", 1)), #each(name),
                      table.concat(near, " ") == brute(name) })
            end
        end
        function actions.look() look() end
        function jobs.work()
            say = note
            look()
            say = actions.note
            engine.post_to_main_thread("look")
        end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const Value log = probe(*trace.simulation);
    BOOST_REQUIRE_EQUAL(log.as_list().size(), 4u);
    for (const Value& entry : log.as_list()) {
        for (int i : {1, 2, 3, 5}) BOOST_TEST(entry[i].as_boolean());
        BOOST_TEST(entry[4].as_integer() == 32);
    }
}

BOOST_AUTO_TEST_CASE(each_on_the_main_thread_skips_what_dies_and_what_is_born_meanwhile) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { x = 0 })
        function on_start() for i = 1, 6 do engine.spawn_entity("unit", { x = i }) end end
        function on_frame()
            for id in engine.each("unit") do
                local x = engine.get(id, "x")
                say(x)
                engine.spawn_entity("unit", { x = 100 + x })
                if x == 2 then for other in engine.each("unit") do
                    if engine.get(other, "x") == 3 or engine.get(other, "x") == 5 then engine.destroy(other) end
                end end
            end
        end
    )lua",
                                                   1));
    BOOST_TEST(probe_text(*trace.simulation) == "[1,2,4,6]");
}

BOOST_AUTO_TEST_CASE(engine_frame_is_the_frame_that_runs) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_start() say({ "start", engine.frame() }) end
        function on_input() say({ "input", engine.frame() }) end
        function on_frame(frame)
            say({ "frame", frame, engine.frame() })
            engine.submit("work", "now")
            if frame == 1 then engine.submit("work", "later", { delay = 1 }) end
        end
        function jobs.work(when)
            note({ when, engine.frame() })
            engine.call("handle")
            note({ when, engine.frame() })
        end
        function actions.handle() say({ "handler", engine.frame() }) end
        function on_commit(frame) say({ "commit", frame, engine.frame() }) end
    )lua",
                                                   2));
    BOOST_TEST(
        probe_text(*trace.simulation) ==
        R"([["start",0],["commit",0,0],["frame",1,1],["now",1],["handler",1],["now",1],["commit",1,1],)"
        R"(["frame",2,2],["later",2],["handler",2],["now",2],["handler",2],["later",2],["now",2],["commit",2,2]])");
}

BOOST_AUTO_TEST_CASE(unknown_names_are_errors_that_suggest_the_nearest) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("soldier", { strength = 1 })
        function on_start() engine.spawn_entity("soldier") end
        function on_frame() for i = 1, 12 do engine.submit("work", i) end end
        function jobs.work(i)
            local id
            for unit in engine.each("soldier") do id = unit end
            if i == 1 then engine.get(id, "strenght")
            elseif i == 2 then engine.set(id, "strenght", 1)
            elseif i == 3 then engine.add(id, "strenght", 1)
            elseif i == 4 then engine.spawn_entity("soldir")
            elseif i == 5 then engine.spawn_entity("soldier", { strenght = 2 })
            elseif i == 6 then engine.where("soldier", "strenght", 1)
            elseif i == 7 then engine.count("soldir")
            elseif i == 8 then engine.submit_each("work", "soldir")
            elseif i == 9 then engine.submit("wrok")
            elseif i == 10 then engine.post_to_main_thread("nothing_like_it")
            elseif i == 11 then engine.call("nothing_like_it")
            elseif i == 12 then engine.get("prob", "number") end
        end
    )lua",
                                                   1));
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 12u);
    for (std::size_t i = 0; i < faults.size(); ++i) {
        const std::string& message = faults[i].message;
        const char* wanted = i < 8    ? (i == 3 || i == 6 || i == 7 ? "soldier" : "strength")
                             : i == 8 ? "wrok"
                             : i < 11 ? "nothing_like_it"
                                      : "prob";
        BOOST_TEST((faults[i].kind == FaultKind::error));
        BOOST_TEST(message.find(wanted) != std::string::npos,
                   "fault " << i + 1 << " does not name it: " << message);
    }
}

BOOST_AUTO_TEST_CASE(wrong_types_are_errors_and_numbers_convert_where_that_is_exact) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { i = 0, f = 0.0, b = false, s = "", e = entity, cells = array(0, 2), bag = any })
        function on_start() engine.spawn_entity("unit") end
        local good = {
            { "i", 3.0 }, { "f", 2 }, { "b", true }, { "s", "x" }, { "e", nil }, { "bag", { 1, { a = 2 } } }, { "bag", nil },
            { "i", -(2.0 ^ 53) }, { "cells", { 4, 5 } },
        }
        local bad = {
            { "i", 3.5 }, { "i", "3" }, { "i", true }, { "i", 2.0 ^ 63 }, { "i", 0 / 0 }, { "f", "1" }, { "f", (1 << 53) + 1 },
            { "b", 1 }, { "b", nil }, { "s", 1 }, { "e", "x" }, { "e", 1.5 }, { "bag", print or error }, { "cells", 7 },
            { "cells", { 1, 2, 3 } }, { "cells", { 1, "x" } }, { "bag", { [1.5] = 1 } }, { "bag", { 1, nil, 3 } },
        }
        function on_frame(frame)
            for i in ipairs(good) do engine.submit("work", { true, i }) end
            for i in ipairs(bad) do engine.submit("work", { false, i }) end
        end
        function jobs.work(which)
            local id
            for unit in engine.each("unit") do id = unit end
            local case = (which[1] and good or bad)[which[2]]
            if case[1] == "bag" and which[2] == 18 then case[2][2] = nil end
            engine.set(id, case[1], case[2])
            if not which[1] then note(which[2]) end
        end
    )lua",
                                                   1));
    // A list's length may be left to the commit; everything else is told where it is asked for.
    const std::vector<Fault> faults = trace.faults();
    for (const Fault& fault : faults) BOOST_TEST(fault.stamp.submission >= 9u, describe(fault));
    BOOST_TEST(faults.size() + trace.reports[1].refused_actions == 18u, describe_all(faults));
    const World& world = trace.simulation->world();
    const EntityId id = ids_of(*trace.simulation, "unit")[0];
    BOOST_TEST((world.get(id, "i") == Value(-(std::int64_t{1} << 53))));
    BOOST_TEST((world.get(id, "f") == Value(2.0)));
    BOOST_TEST((world.get(id, "b") == Value(true)));
    BOOST_TEST((world.get(id, "cells") == Value(List{4, 5})));
}

BOOST_AUTO_TEST_CASE(paths_into_any_fields_and_cells_of_arrays_are_read_and_put) {
    const Trace trace = compare_workers(with_probe(R"lua(
        template("unit", { bag = any, cells = array(0.5, 4), flags = array(false, 2), friends = array(entity, 2) })
        function on_start()
            engine.spawn_entity("unit", { bag = { list = { 1, 2, 3 }, map = { a = { b = "deep" } }, [5] = "five" } })
        end
        function on_frame(frame) engine.submit_each("work", "unit") end
        function jobs.work(id)
            if engine.frame() == 1 then
                engine.put(id, "bag", "list", 2, "two")
                engine.put(id, "bag", "list", 4.0, "four")
                engine.put(id, "bag", "map", "a", "b", nil)
                engine.put(id, "bag", "map", "new", { 1 })
                engine.put(id, "cells", 8 / 2, 2)
                engine.put(id, "flags", 1, true)
                engine.put(id, "friends", 2, id)
            else
                note({ engine.at(id, "bag", "list", 2.0), engine.at(id, "bag", "list", 4), engine.at(id, "bag", "map"),
                       engine.at(id, "bag", 5), engine.at(id, "bag", "nothing", "here") == nil, engine.at(id, "cells", 4),
                       engine.at(id, "cells", 1), engine.at(id, "flags", 1.0), engine.at(id, "friends", 2) == id,
                       engine.at(id, "friends", 1) == nil })
                pcall(engine.at, id, "cells", 5)
            end
        end
    )lua",
                                                   2));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(trace.reports[1].refused_actions == 0u);
    BOOST_TEST(probe_text(*trace.simulation) ==
               R"([["two","four",{"a":[],"new":[1]},"five",true,2.0,0.5,true,true,true]])");
}

BOOST_AUTO_TEST_CASE(an_action_that_the_world_cannot_take_is_refused_and_the_rest_goes_on) {
    // The index is good when the job runs, and beyond the list's end when the action is applied.
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_start() engine.set("probe", "log", { 1, 2, 3 }) end
        function on_frame() engine.submit("shorten") engine.submit("put") end
        function jobs.shorten() engine.set("probe", "log", { 1 }) end
        function jobs.put() engine.put("probe", "log", 3, "three") engine.set("probe", "number", 7) end
    )lua",
                                                   1));
    BOOST_TEST(trace.reports[1].refused_actions == 1u);
    BOOST_TEST(probe_text(*trace.simulation) == "[1]");
    BOOST_TEST(probe_text(*trace.simulation, "number") == "7");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
