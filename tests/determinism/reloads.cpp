// Goal: a hot reload is an input like any other: the state after it is a function of the program
// before, the new one and the frame; the world goes on by the rules that World::change_schema
// tells, and what waits goes on by name. The console and what is delivered when it is done are such
// inputs, too. Method: small programs that replace each other, and what their worlds hold.
#include "determinism/reloads.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cfenv>
#include <chrono>
#include <thread>

#include "canon/chaos.hpp"
#include "canon/host_function.hpp"
#include "canon/json.hpp"
#include "canon/view.hpp"
#include "core/sanitizers.hpp"

namespace canon::test {
namespace {

constexpr const char* kFirst = R"lua(
singleton("match", { wave = 0, text = "" })
template("unit", { hp = 10, x = 0.0, name = "", cells = array(0, 4), friend = entity })
function on_start()
    local last
    for i = 1, 6 do
        last = engine.spawn_entity("unit", { hp = i * 10, x = i + 0.5, name = "u" .. i, friend = last })
        engine.put(last, "cells", 2, i)
        engine.put(last, "cells", 4, -i)
    end
end
function on_frame(frame)
    engine.submit_each("think", "unit")
    engine.submit("later", frame, { delay = 3 })
    engine.submit("old", frame, { delay = 2 })
    engine.submit("plan", frame, { deliver = 3 })
end
function jobs.think(id) engine.add(id, "hp", 1 + math.random(0, 3)) end
function jobs.later(frame) engine.add("match", "wave", frame) end
function jobs.old(frame) engine.add("match", "wave", 1000 * frame) end
function jobs.plan(frame)
    for i = 1, 20000 do end
    engine.set("match", "text", "first " .. frame)
end
)lua";

// Another order of singletons, a new one before; hp as a float; no name; longer cells; trees.
constexpr const char* kSecond = R"lua(
singleton("sky", { light = 0.5 })
singleton("match", { wave = 0, text = "" })
template("tree", { height = 1 })
template("unit", { armor = 7, x = 0.0, hp = 10.0, cells = array(0.5, 6), friend = entity })
function on_frame(frame)
    engine.submit_each("think", "unit")
    engine.spawn_entity("tree", { height = frame })
    engine.submit("plan", frame, { deliver = 3 })
end
function jobs.think(id) engine.add(id, "hp", 0.25) end
function jobs.later(frame) engine.add("match", "wave", -frame) end
function jobs.plan(frame)
    engine.add("sky", "light", 1)
    engine.set("match", "text", "second " .. frame)
end
)lua";

// hp must be whole again, which many values are not.
constexpr const char* kThird = R"lua(
template("unit", { hp = -1, friend = entity, x = 1, name = "nobody" })
singleton("match", { wave = 0.0, text = "" })
function on_frame(frame) engine.submit_each("think", "unit") end
function jobs.think(id) engine.add(id, "hp", 1) end
function jobs.plan(frame) engine.set("match", "text", "third " .. frame) end
)lua";

std::shared_ptr<const Program> program(const char* text) {
    return Program::from_modules({{"main", text}});
}

Input reload(const char* text) { return Input::reload(*program(text)); }

std::string text_of_log(const std::vector<LogEntry>& log) {
    std::string all;
    for (const LogEntry& entry : log) all += entry.text + "\n";
    return all;
}

// The hash of what the program is, which its text decides alone, is left out.
std::string changes(const FrameReport& report) {
    std::string all;
    for (const LogEntry& entry : report.log)
        if (entry.text.find(" is now ") == std::string::npos) all += entry.text + "\n";
    return all;
}

std::unique_ptr<Simulation> start(const char* text, Limits limits = quick_limits()) {
    return std::make_unique<Simulation>(program(text),
                                        SimulationOptions{.workers = 2, .limits = limits});
}

}  // namespace

Scenario reloading() {
    Scenario scenario;
    scenario.main = kFirst;
    scenario.frames = 18;
    scenario.inputs = [](std::uint64_t frame) -> std::vector<Input> {
        switch (frame) {
            case 2:
                return {Input::console("engine.add('match', 'wave', 1)")};
            case 4:
                return {Input::console("engine.count('unit') + engine.get('sky', 'light')", 3),
                        reload(kSecond),
                        {1, 0, 5}};
            case 8:
                return {{Input::kReload, 0,
                         List{Map{{"name", "main"}, {"source", "x ="}, {"file", "main.lua"}}}}};
            case 10:
                return {reload(kThird)};
            case 13:
                return {reload(kFirst), Input::console("for id in engine.each('unit') do "
                                                       "engine.add(id, 'hp', math.random(5)) end")};
            default:
                return {};
        }
    };
    return scenario;
}

namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(reloads)

BOOST_AUTO_TEST_CASE(a_session_with_reloads_is_the_same_with_any_number_of_workers) {
    const Trace trace = compare_workers(reloading());
    const std::vector<Fault> faults = trace.faults();
    BOOST_REQUIRE_EQUAL(faults.size(), 1u);
    BOOST_TEST(faults[0].function == "reload");
    BOOST_TEST(faults[0].frame.value == 8u);
    BOOST_TEST(faults[0].message.starts_with("the program stays as it was: main.lua:1: "),
               faults[0].message);
    BOOST_REQUIRE_EQUAL(trace.reports[4].console.size(), 1u);
    BOOST_TEST(trace.reports[4].console[0].sequence == 3u);
    BOOST_TEST((trace.reports[4].console[0].value == Value(6.5)));
}

BOOST_AUTO_TEST_CASE(a_session_with_reloads_is_the_same_in_chaos) {
    const Scenario scenario = reloading();
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        ChaosPair pair(load(scenario), {.workers = 1, .limits = scenario.limits}, seed);
        for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame)
            pair.step(scenario.inputs(frame));
        BOOST_TEST(pair.report().same(), describe(pair.report()));
    }
}

BOOST_AUTO_TEST_CASE(the_world_goes_on_by_the_names_of_templates_and_fields) {
    auto simulation = start(kFirst);
    for (int i = 0; i < 3; ++i) simulation->step();
    World& world = simulation->world();
    const std::vector<EntityId> units = ids_of(*simulation, "unit");
    world.set(units[5], "hp", 1234567);
    simulation->submit_each("think", "unit", {.delay = 5});
    const Input input = reload(kSecond);
    const FrameReport& report = simulation->step({&input, 1});
    BOOST_TEST(changes(report) ==
               "reload: sky is new\n"
               "reload: tree is new\n"
               "reload: unit.armor is new\n"
               "reload: unit.name is gone\n"
               "reload: jobs.old is gone, with 2 waiting jobs\n");
    BOOST_TEST((ids_of(*simulation, "unit") == units));
    BOOST_TEST((world.get(units[5], "hp") == Value(1234567.25)));
    BOOST_TEST((world.get(units[2], "x") == Value(3.5)));
    BOOST_TEST((world.get(units[2], "armor") == Value(7)));
    BOOST_TEST((world.get(units[2], "friend") == Value(units[1].value)));
    BOOST_TEST((world.get(units[2], "cells") == Value(List{0.0, 3.0, 0.0, -3.0, 0.5, 0.5})));
    // The new one got the next id; the old one kept its own.
    BOOST_TEST(world.singleton("match").value == 1);
    const EntityId sky = world.singleton("sky");
    BOOST_TEST(sky.value > units[5].value);
    BOOST_TEST((world.get(sky, "light") == Value(1.5)));
    BOOST_TEST(simulation->dump().find("each unit") != std::string::npos);

    const Input back = reload(kThird);
    const std::string lines = changes(simulation->step({&back, 1}));
    BOOST_TEST(lines.find("unit.hp: of 6 of 6 entities the value, or a cell, does not fit") !=
                   std::string::npos,
               lines);
    BOOST_TEST(lines.find("unit.x: of 6 of 6 entities") != std::string::npos, lines);
    BOOST_TEST(lines.find("tree is gone, with 1 entities") != std::string::npos, lines);
    BOOST_TEST(lines.find("sky is gone\n") != std::string::npos, lines);
    BOOST_TEST((world.get(units[2], "hp") == Value(0)));  // -1, and what the frame's job added
    BOOST_TEST((world.get(units[2], "name") == Value("nobody")));
    BOOST_TEST(!world.alive(sky));
}

BOOST_AUTO_TEST_CASE(what_waits_goes_on_by_name_and_background_jobs_begin_again) {
    auto simulation = start(kFirst);
    for (int i = 0; i < 3; ++i) simulation->step();
    const Value wave = simulation->world().get({1}, "wave");
    const Input input = reload(kSecond);
    simulation->step({&input, 1});
    // Of frame 1, with the new program's sign; of frame 2 "old" is gone.
    BOOST_TEST((simulation->world().get({1}, "wave") == Value(wave.as_integer() - 1)));
    // Submitted in frame 1 by the first program, begun again by the second.
    BOOST_TEST((simulation->world().get({1}, "text") == Value("second 1")));
    // Though in a background job it has no world to ask for the id of "sky".
    const EntityId sky = simulation->world().singleton("sky");
    BOOST_TEST(sky.value > 2);
    BOOST_TEST((simulation->world().get(sky, "light") == Value(1.5)));
}

BOOST_AUTO_TEST_CASE(a_function_that_was_disabled_runs_again_after_a_reload) {
    constexpr const char* kEndless = R"lua(
        singleton("s", { n = 0 })
        function on_frame() engine.submit("loop") end
        function jobs.loop() while true do end end
    )lua";
    auto simulation = start(kEndless);
    for (int i = 0; i < 4; ++i) simulation->step();
    BOOST_TEST(simulation->step().skipped_jobs == 1u);
    const Input input = reload(R"lua(
        singleton("s", { n = 0 })
        function on_frame() engine.submit("loop") end
        function jobs.loop() engine.add("s", "n", 1) end
    )lua");
    BOOST_TEST(simulation->step({&input, 1}).skipped_jobs == 0u);
    BOOST_TEST((simulation->world().get({1}, "n") == Value(1)));
}

BOOST_AUTO_TEST_CASE(a_reload_that_cannot_be_is_a_fault_and_changes_nothing) {
    const Value bad[] = {
        Value("main"),
        List{},
        List{Map{{"name", "main"}}},
        List{Map{{"name", "other"}, {"source", ""}, {"file", ""}}},
        List{Map{{"name", "main"}, {"source", "error('no')"}, {"file", "main.lua"}}},
        List{Map{{"name", "main"}, {"source", "while true do end"}, {"file", "main.lua"}}},
        List{Map{{"name", "main"}, {"source", "template('a', { x = print })"}, {"file", ""}}},
    };
    for (const Value& data : bad) {
        BOOST_TEST_CONTEXT(to_json(data)) {
            auto changed = start(kFirst), same = start(kFirst);
            const Input input{Input::kReload, 0, data};
            const FrameReport& report = changed->step({&input, 1});
            same->step();
            BOOST_REQUIRE_EQUAL(report.faults.size(), 1u);
            BOOST_TEST(report.faults[0].message.starts_with("the program stays as it was: "),
                       report.faults[0].message);
            // The chain tells of the input.
            BOOST_TEST(changed->state_hash() == same->state_hash());
            BOOST_TEST(changed->chain() != same->chain());
            for (int i = 0; i < 3; ++i) changed->step(), same->step();
            BOOST_TEST(changed->state_hash() == same->state_hash());
            BOOST_TEST(changed->dump() == same->dump());
        }
    }
}

BOOST_AUTO_TEST_CASE(snapshots_and_saved_states_go_on_with_the_program_of_their_time) {
    const Scenario scenario = reloading();
    const Trace trace = run(scenario, 2);
    auto simulation = test::start(scenario, 3);
    std::vector<std::shared_ptr<const SimulationSnapshot>> snapshots{simulation->capture()};
    std::vector<Bytes> saved(1);
    std::vector<std::shared_ptr<const Program>> programs{load(scenario)};
    simulation->save(saved[0]);
    for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame) {
        step(*simulation, scenario);
        snapshots.push_back(simulation->capture());
        simulation->save(saved.emplace_back());
        const auto modules = simulation->program().modules();
        programs.push_back(Program::from_modules({modules.begin(), modules.end()}));
    }
    const auto check_goes_on = [&](Simulation& from, std::uint64_t frame) {
        BOOST_TEST_REQUIRE(from.frame().value == frame);
        BOOST_TEST_REQUIRE(from.state_hash() == trace.reports[frame].state_hash);
        for (std::uint64_t next = frame + 1; next <= scenario.frames; ++next)
            BOOST_TEST_REQUIRE(difference(step(from, scenario), trace.reports[next]) == "");
    };
    for (const std::uint64_t frame : {17u, 2u, 11u, 5u, 12u, 4u, 0u, 10u}) {
        BOOST_TEST_CONTEXT("frame " << frame) {
            simulation->restore(*snapshots[frame]);
            check_goes_on(*simulation, frame);
            ByteReader in(saved[frame].view());
            simulation->load(in, programs[frame]);
            check_goes_on(*simulation, frame);
            auto fresh = test::start(scenario, 1);
            ByteReader again(saved[frame].view());
            fresh->load(again, programs[frame]);
            check_goes_on(*fresh, frame);
            Bytes bytes;
            snapshots[frame]->save(bytes);
            BOOST_TEST(std::ranges::equal(bytes.view(), saved[frame].view()));
        }
    }
    // Without the program it is refused, and nothing has happened.
    ByteReader in(saved[5].view());
    BOOST_CHECK_THROW(simulation->load(in), Error);
    BOOST_TEST(simulation->frame().value == scenario.frames);
    // Bytes that end early, of another program: all as before.
    const std::uint64_t hash = simulation->state_hash();
    for (std::size_t size = 0; size < saved[5].size(); size += 7) {
        ByteReader part(saved[5].view(0, size));
        BOOST_CHECK_THROW(simulation->load(part, programs[5]), Error);
        BOOST_TEST_REQUIRE(simulation->state_hash() == hash);
    }
}

BOOST_AUTO_TEST_CASE(a_restored_simulation_has_no_effects_of_another_program) {
    auto simulation = start(kSecond);
    ViewOptions options;
    options.program = program(R"lua(
        function on_frame(frame)
            for kind, id, field in engine.effects() do engine.log("info", kind) end
            engine.log("info", "frame " .. frame)
        end
    )lua");
    View view(*simulation, options);
    Bytes saved;
    simulation->save(saved);
    const auto snapshot = simulation->capture();
    const auto programs = simulation->program().modules();
    const auto of_saved = Program::from_modules({programs.begin(), programs.end()});
    const Input input = reload(R"lua(
        template("a", {}) template("b", {}) template("c", {}) template("d", { x = 0, y = 0, z = 0, last = 0 })
        function on_frame() local id = engine.spawn_entity("d") engine.set(id, "last", 5) end
    )lua");
    simulation->step({&input, 1});
    simulation->restore(*snapshot);
    view.update();
    simulation->step();
    simulation->restore(*snapshot);
    view.update();
    simulation->step({&input, 1});
    ByteReader in(saved.view());
    simulation->load(in, of_saved);
    view.update();
    BOOST_TEST(text_of_log(view.take_log()) == "frame 0\nframe 0\nframe 0\n");
}

// Goal: a program is loaded in the fixed environment, whoever asks for it.
BOOST_AUTO_TEST_CASE(programs_are_loaded_in_the_same_way_in_a_hostile_environment) {
    constexpr const char* kRounds = R"lua(
        singleton("s", { x = 0.0 })
        local a, b = 1.0, 3.0
        local x = a / b
        function on_frame() engine.set("s", "x", x) end
    )lua";
    auto simulation = start(kRounds);
    const auto snapshot = simulation->capture();
    Bytes saved;
    simulation->save(saved);
    const std::uint64_t hash = simulation->step().state_hash;
    const auto check = [&](auto load_again) {
        const Input input = reload("singleton('s', { x = 0.0 })");
        simulation->step({&input, 1});
        std::fesetround(FE_UPWARD);
        load_again();
        std::fesetround(FE_TONEAREST);
        BOOST_TEST(simulation->step().state_hash == hash);
    };
    check([&] { simulation->restore(*snapshot); });
    check([&] {
        ByteReader in(saved.view());
        simulation->load(in, program(kRounds));
    });
    check([&] { simulation->restore(*start(kRounds)->capture()); });
    std::fesetround(FE_UPWARD);
    const Input back = reload(kRounds);
    simulation->step({&back, 1});
    std::fesetround(FE_TONEAREST);
    BOOST_TEST((simulation->world().get({1}, "x") == Value(1.0 / 3.0)));
}

BOOST_AUTO_TEST_CASE(a_view_learns_of_new_templates) {
    for (const bool own_thread : {false, true}) {
        auto watched = start(kFirst);
        ViewOptions options;
        options.own_thread = own_thread;
        options.program = program(R"lua(
            local seen = 0
            function on_frame(frame)
                seen = seen + 1
                if frame == 1 then engine.log("info", engine.get(2, "name")) end
                if frame == 2 then
                    engine.log("info", engine.get(2, "armor") .. " " .. engine.count("tree") .. " " .. seen)
                    for kind, id, field in engine.effects("unit") do
                        if kind == "set" then engine.log("info", field) break end
                    end
                end
            end
        )lua");
        View view(*watched, options);
        watched->step();
        view.update();
        view.finish();
        const Input input = reload(kSecond);
        watched->step({&input, 1});
        view.update();
        view.finish();
        BOOST_TEST(text_of_log(view.take_log()) == "u1\n7 1 2\nhp\n");
        for (const Fault& fault : view.take_faults()) BOOST_TEST(fault.message == "");
    }
}

// Goal: effects of frames before a reload, which a slow view has not seen, are not taken for those
// of other templates. Method: the view waits in its first frame until the third was committed.
BOOST_AUTO_TEST_CASE(a_slow_view_sees_no_effects_of_templates_that_are_gone) {
    auto watched = start(kFirst);
    ViewOptions options;
    options.own_thread = true;
    options.call_milliseconds = 0;
    std::atomic<bool> goes_on{false};
    options.functions.push_back(host_function("test", "wait", [&goes_on] {
        while (!goes_on) std::this_thread::yield();
        return 0;
    }));
    options.program = program(R"lua(
        function on_frame(frame)
            if frame == 1 then test.wait() end
            for _, id in engine.effects("match") do
                if id ~= 1 then engine.log("info", "frame " .. frame .. " of a match with id " .. id) end
            end
            engine.log("info", "frame " .. frame)
        end
    )lua");
    View view(*watched, options);
    watched->step();
    view.update();
    watched->step();
    view.update();
    const Input input = reload(kSecond);
    watched->step({&input, 1});
    view.update();
    goes_on = true;
    view.finish();
    const std::string log = text_of_log(view.take_log());
    BOOST_TEST(log.ends_with("frame 3\n"), log);
    BOOST_TEST(log.find("of a match") == std::string::npos, log);
    for (const Fault& fault : view.take_faults()) BOOST_TEST(fault.message == "");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(console)

BOOST_AUTO_TEST_CASE(text_runs_as_a_callback_and_tells_what_it_returned) {
    auto simulation = start(kFirst);
    const std::vector<std::pair<const char*, Value>> cases = {
        {"1 + 1", 2},
        {"engine.count('unit')", 6},
        {"engine.get(2, 'name'), 5", "u1"},
        {"local a = 3 return { a, a }", List{3, 3}},
        {"engine.set(2, 'name', 'new') return engine.get(2, 'name')", "new"},
        {"engine.set(2, 'name', 'never') error('no')", {}},
        {"x = = 1", {}},
        {"print", {}},
        {"while true do end", {}},
        {"", {}},
    };
    std::vector<Input> inputs;
    for (const auto& [text, value] : cases) inputs.push_back(Input::console(text, inputs.size()));
    inputs.push_back({Input::kConsole, 99, 5});
    const FrameReport& report = simulation->step(inputs);
    BOOST_REQUIRE_EQUAL(report.console.size(), inputs.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        BOOST_TEST_CONTEXT(cases[i].first) {
            BOOST_TEST(report.console[i].sequence == i);
            BOOST_TEST((report.console[i].value == cases[i].second));
        }
    }
    std::string faults;
    for (const Fault& fault : report.faults) {
        BOOST_TEST(fault.function == "console");
        faults += std::string(fault_name(fault.kind)) + " " + fault.message + "\n";
    }
    BOOST_TEST(faults ==
               "error console:1: no\n"
               "error console:1: unexpected symbol near '='\n"
               "error the returned value is a function, which is no value; hand over the name of a "
               "job or handler instead\n"
               "budget console:1: stopped: it has spent its budget of instructions; is there an "
               "endless loop?\n"
               "error the console's input is no text\n");
    BOOST_TEST((simulation->world().get({2}, "name") == Value("new")));
}

BOOST_AUTO_TEST_CASE(its_random_numbers_shift_no_others_and_it_keeps_no_state) {
    Scenario scenario = with_probe(R"lua(
        function on_input(source, x) say(math.random(1000)) end
        function on_frame() say(math.random(1000)) engine.submit("draw") end
        function jobs.draw() note(math.random(1000)) end
    )lua",
                                   4);
    scenario.inputs = [](std::uint64_t frame) { return std::vector<Input>{{1, frame, 1}}; };
    const std::string alone = probe_text(*compare_workers(scenario).simulation);
    scenario.inputs = [](std::uint64_t frame) {
        return std::vector<Input>{{1, frame, 1},
                                  Input::console("for i = 1, 5 do math.random() end left = 1", 1),
                                  Input::console("assert(left == nil)", 2)};
    };
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(probe_text(*trace.simulation) == alone);
    BOOST_TEST(describe_all(trace.faults()) == "");
}

BOOST_AUTO_TEST_CASE(what_it_writes_in_vain_is_told_as_its_own) {
    Scenario scenario = with_probe("function on_input() end");
    scenario.check_writes = true;
    auto simulation = test::start(scenario, 2);
    const Input input = Input::console("left = 5");
    const FrameReport& report = simulation->step({&input, 1});
    BOOST_REQUIRE_EQUAL(report.lost_writes.size(), 1u);
    BOOST_TEST(describe(report.lost_writes[0]) == "console has added the global left");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(done)

constexpr const char* kPlans = R"lua(
    function on_frame(frame)
        if frame == 1 then engine.submit("quick", "first", { delay = 2 }) end
        if frame == 2 then engine.submit("quick", "second", { delay = 1 }) end
        if frame == 1 then for i = 1, 4 do engine.submit("plan", i, { deliver = "done", key = i }) end end
        engine.submit("quick", frame)
    end
    function jobs.plan(i) for k = 1, 1000 * i do end note({ i, math.random(1000) }) end
    function jobs.quick(frame) note(frame) end
)lua";

Scenario told(std::function<std::vector<Input>(std::uint64_t)> inputs) {
    Scenario scenario = with_probe(kPlans, 9);
    scenario.limits.done_delay = 0;
    scenario.inputs = std::move(inputs);
    return scenario;
}

// Of the plans by number: each has taken an id, and a block of ids for what it may submit.
JobId plan(std::int64_t number) { return {2 + (number - 1) * 1025}; }

Input done(std::initializer_list<std::int64_t> plans) {
    std::vector<JobId> jobs;
    for (const std::int64_t number : plans) jobs.push_back(plan(number));
    return Input::done(jobs);
}

BOOST_AUTO_TEST_CASE(jobs_are_delivered_in_the_frame_that_an_input_names) {
    const Trace trace = compare_workers(told([](std::uint64_t frame) -> std::vector<Input> {
        if (frame == 1) return {done({1, 2})};  // not submitted yet
        if (frame == 3) return {done({4, 2, 77})};
        if (frame == 6) return {done({2, 3})};
        return {};
    }));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const std::string text = probe_text(*trace.simulation);
    // In the order of their submission, before what was submitted later; the first one still waits.
    const auto at = [&](const char* part) { return text.find(part); };
    BOOST_TEST(at("[2,") != std::string::npos, text);
    BOOST_TEST((at("[1,2,\"first\",[2,") == 0 && at(",[4,") < at("],\"second\",3,4,5,[3,")), text);
    BOOST_TEST(at("],6,7,8,9]") != std::string::npos, text);
    BOOST_TEST(trace.simulation->dump().find("background") != std::string::npos);
    // The same, later: with draws of their own.
    const Trace later = compare_workers(told([](std::uint64_t frame) -> std::vector<Input> {
        if (frame == 8) return {done({2})};
        return {};
    }));
    const std::string two = text.substr(at("[2,"), text.find(']', at("[2,")) - at("[2,"));
    BOOST_TEST(probe_text(*later.simulation).find("7," + two + "],8,9]") != std::string::npos,
               probe_text(*later.simulation));
}

BOOST_AUTO_TEST_CASE(a_session_asks_which_are_done) {
    for (const unsigned workers : kWorkerCounts) {
        const Scenario scenario = told({});
        auto simulation = test::start(scenario, workers);
        std::size_t delivered = 0;
        BOOST_TEST(simulation->done_jobs().empty());
        for (std::uint64_t frame = 1; delivered < 4 && frame < 100'000; ++frame) {
            const std::vector<JobId> ready = simulation->done_jobs();
            BOOST_TEST(std::is_sorted(ready.begin(), ready.end()));
            const Input input = Input::done(ready, frame);
            simulation->step({&input, ready.empty() ? 0u : 1u});
            delivered += ready.size();
        }
        BOOST_TEST(delivered == 4u);
        BOOST_TEST(simulation->done_jobs().empty());
        BOOST_TEST(simulation->dump().find("background") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(they_wait_through_snapshots_saved_states_and_cancellations) {
    const auto inputs = [](std::uint64_t frame) -> std::vector<Input> {
        if (frame == 4) return {done({3})};
        if (frame == 8) return {done({1, 2, 4})};
        return {};
    };
    const Scenario scenario = told(inputs);
    const Trace trace = compare_workers(scenario);
    auto simulation = test::start(scenario, 2);
    std::shared_ptr<const SimulationSnapshot> snapshot;
    Bytes saved;
    for (std::uint64_t frame = 1; frame <= 9; ++frame) {
        step(*simulation, scenario);
        if (frame != 5) continue;
        snapshot = simulation->capture();
        simulation->save(saved);
    }
    simulation->restore(*snapshot);
    for (std::uint64_t frame = 6; frame <= 9; ++frame)
        BOOST_TEST(difference(step(*simulation, scenario), trace.reports[frame]) == "");
    ByteReader in(saved.view());
    simulation->load(in);
    simulation->cancel(plan(2));
    const std::vector<JobId> ready = simulation->done_jobs();
    BOOST_TEST((std::find(ready.begin(), ready.end(), plan(2)) != ready.end()));
    for (std::uint64_t frame = 6; frame <= 9; ++frame) step(*simulation, scenario);
    const std::string text = probe_text(*simulation);
    BOOST_TEST(text.find("[1,") != std::string::npos);
    BOOST_TEST(text.find("[2,") == std::string::npos);
    BOOST_TEST(simulation->dump().find("background") == std::string::npos);
}

// Goal: a job may be delivered in the frame of its submission, and be cancelled whenever: before,
// then and behind.
BOOST_AUTO_TEST_CASE(a_job_is_delivered_in_its_frame_of_submission_and_cancelled_in_vain) {
    for (const unsigned workers : {1u, 2u}) {
        Scenario scenario = with_probe(R"lua(
            function on_input(source, id) engine.cancel(id) end
            function jobs.plan(i) note(i) end
        )lua");
        scenario.limits.done_delay = 0;
        auto simulation = test::start(scenario, workers);
        SubmitOptions when_done;
        when_done.deliver = SubmitOptions::kWhenDone;
        std::vector<JobId> jobs;
        for (int i = 1; i <= 3; ++i) jobs.push_back(simulation->submit("plan", i, when_done));
        simulation->cancel(jobs[1]);
        simulation->step(std::vector{Input::done(jobs), Input{1, 0, jobs[2].value}});
        simulation->cancel(jobs[0]);
        simulation->step(std::vector{Input{1, 0, jobs[2].value}, Input::done(jobs)});
        for (int i = 0; i < 3; ++i) simulation->step();
        BOOST_TEST(probe_text(*simulation) == "[1]");
        BOOST_TEST(simulation->dump().find("submission") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(jobs_that_nobody_waits_for_any_more_are_stopped) {
    const Scenario scenario = [] {
        Scenario endless = with_probe(R"lua(
            function on_frame(frame) if frame == 1 then engine.submit("plan", nil, { deliver = 50 }) end end
            function jobs.plan() while true do end end
        )lua");
        endless.limits = Limits{};
        endless.limits.job_instructions = 2'000'000'000;  // some ten seconds
        return endless;
    }();
    if (kThreadSanitizer) return;  // under which nothing is watched
    auto simulation = test::start(scenario, 2);
    const auto snapshot = simulation->capture();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) {
        for (int frame = 0; frame < 3; ++frame) simulation->step();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (i % 2 == 0) {
            const Input input = reload("singleton('probe', { log = any, number = 0 })");
            simulation->step({&input, 1});
        }
        simulation->restore(*snapshot);
    }
    simulation.reset();
    BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds(10)));
}

// Goal: a saved state has no frame that steps could take to that of what waits to be told, and
// nothing waits there but background jobs; a snapshot of another seed is refused. All is then as
// before.
BOOST_AUTO_TEST_CASE(states_that_cannot_be_are_refused) {
    const Scenario scenario = told({});
    auto simulation = test::start(scenario, 1);
    Bytes saved;
    simulation->save(saved);
    const std::uint64_t hash = simulation->state_hash();
    // Behind the text that it begins with, the program's digest and the seed.
    const std::size_t at = 1 + std::string_view("canon simulation 1").size() + 16;
    BOOST_TEST_REQUIRE(saved.data()[at] == 0);
    for (const int shift : {60, 61, 62}) {
        Bytes changed;
        changed.append(saved.view(0, at));
        changed.put_varint((std::uint64_t{1} << shift) + 1);
        changed.append(saved.view(at + 1, saved.size()));
        ByteReader in(changed.view());
        if (shift == 60) {
            test::start(scenario, 1)->load(in);
            continue;
        }
        BOOST_CHECK_THROW(simulation->load(in), Error);
        BOOST_TEST(simulation->state_hash() == hash);
    }
    Scenario other = scenario;
    other.seed = 2;
    BOOST_CHECK_THROW(simulation->restore(*test::start(other, 1)->capture()), Error);
    BOOST_TEST(simulation->state_hash() == hash);
}

// Goal: what a host submits between steps is no longer waiting once it has run, though a state was
// restored in between.
BOOST_AUTO_TEST_CASE(what_a_restored_state_has_run_can_be_cancelled_in_vain) {
    const Scenario scenario = told({});
    auto simulation = test::start(scenario, 1);
    const JobId job = simulation->submit("quick", 5);
    simulation->restore(*simulation->capture());
    simulation->step();
    simulation->cancel(job);
    for (int i = 0; i < 3; ++i) simulation->step();
    BOOST_TEST(probe_text(*simulation).starts_with("[5,1,2"), probe_text(*simulation));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
