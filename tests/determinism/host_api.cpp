// Goal: the same things can be done from C++: submit, cancel, handlers, templates; and they obey
// the same rules. Method: hosts that do from C++ what programs of the other files do from Lua,
// compared over numbers of workers.
#include <boost/test/unit_test.hpp>
#include <stdexcept>

#include "canon/error.hpp"
#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

const char* const kWorkers = R"lua(
template("unit", { x = 0 })
function on_start() for i = 1, 5 do engine.spawn_entity("unit", { x = i }) end end
function jobs.work(x) note({ engine.frame(), x }) end
function jobs.each(id) note({ engine.frame(), engine.get(id, "x") }) end
function jobs.batch(ids) note({ engine.frame(), #ids }) end
function jobs.draw() note(math.random(1, 1 << 50)) end
function jobs.ask(x) note(engine.call("host", x)) end
function jobs.post(x) engine.post_to_main_thread("host", x) end
)lua";

Scenario with_handler(std::string_view text, Handler handler, std::uint64_t frames = 2) {
    Scenario scenario = with_probe(std::string(kWorkers) + std::string(text), frames);
    scenario.host = [handler] {
        Simulation::Host host;
        host.handlers.emplace_back("host", handler);
        return host;
    };
    return scenario;
}

Value nothing(HandlerContext&, const Value&) { return {}; }

Scenario with_functions(std::string_view text, std::vector<std::string>* order = nullptr) {
    Scenario scenario = with_probe(std::string(kWorkers) + std::string(text), 3);
    scenario.host = [order] {
        Simulation::Host host;
        host.functions.push_back(
            host_function("host", "add", [](int a, int b) { return a + b; }, {"a", "b"}));
        host.functions.push_back(host_function(
            "host", "told",
            [order](std::int64_t who) {
                if (order != nullptr) order->push_back(std::to_string(who));
                if (who == 2) throw std::runtime_error("not two");
                return std::tuple{who * 10, "ten times"};
            },
            {"who"}, Purity::main_thread));
        return host;
    };
    return scenario;
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(host_api)

BOOST_AUTO_TEST_CASE(functions_of_the_host_are_called_in_jobs_and_callbacks) {
    const char* const text = R"lua(
        function on_frame(frame)
            note({ "on_frame", host.add(frame, 1), host.told(frame * 7) })
            engine.submit_each("use", "unit")
            engine.submit("later", nil, { deliver = 1 })
        end
        function jobs.use(id)
            for _ = 1, engine.get(id, "x") * 7 % 5 * 1000 do end
            local x = engine.get(id, "x")
            engine.add(id, "x", host.add(x, 1) - x)
            local ok, value, more = pcall(host.told, x)
            note({ x, ok, value, more or "nothing" })
            note({ select(2, pcall(host.add, x, "y")), select(2, pcall(host.told)) })
        end
        function jobs.later() note({ host.add(1, 1), (select(2, pcall(host.told, 1))) }) end
    )lua";
    std::string first, first_order;
    for (const unsigned workers : {1u, 2u, 3u, 8u}) {
        std::vector<std::string> order;
        const Trace trace = run(with_functions(text, &order), workers);
        BOOST_TEST(describe_all(trace.faults()) == "");
        const std::string notes = probe_text(*trace.simulation);
        std::string called;
        for (const std::string& who : order) called += who + " ";
        if (first.empty()) {
            first = notes;
            first_order = called;
        }
        BOOST_TEST(notes == first);
        BOOST_TEST(called == first_order);
    }
    BOOST_TEST(first_order.starts_with("7 1 2 3 4 5 14 2 3 4 5 6 "));
    for (const char* wanted :
         {R"(["on_frame",2,70,"ten times"])", R"([1,true,10,"ten times"])",
          R"([2,false,"host.told: not two","nothing"])",
          R"(host.add: argument 2 ('b') is \"y\"; expected: integer of its type's range)",
          R"(host.told: argument 1 ('who') is missing; expected: integer of its type's range)",
          R"([2,"host.told: a background job (deliver) cannot call the main thread)"})
        BOOST_TEST(first.find(wanted) != std::string::npos, wanted << " is missing in " << first);
}

BOOST_AUTO_TEST_CASE(a_function_that_is_not_pure_is_found_out_when_asked_for) {
    for (const bool check : {false, true}) {
        int calls = 0;
        Simulation::Host host;
        host.functions.push_back(host_function("host", "next", [&] { return ++calls; }));
        SimulationOptions options;
        options.workers = 1;
        options.check_purity = check;
        Simulation simulation(Program::from_modules({{"main",
                                                      "function on_frame() engine.submit('go') end "
                                                      "function jobs.go() host.next() end"}}),
                              options, host);
        const std::vector<Fault> faults = simulation.step().faults;
        BOOST_TEST_REQUIRE(faults.size() == (check ? 1u : 0u));
        if (check)
            BOOST_TEST(faults[0].message.find("host.next: is declared pure, but") !=
                       std::string::npos);
        host.functions.push_back(host.functions[0]);
        BOOST_CHECK_THROW(
            Simulation(Program::from_modules({{"main", ""}}), SimulationOptions{}, host), Error);
    }
}

BOOST_AUTO_TEST_CASE(jobs_submitted_between_steps_run_in_the_frame_that_comes) {
    std::string texts[2];
    std::uint64_t chains[2];
    for (int lane = 0; lane < 2; ++lane) {
        auto simulation = start(with_handler("", nothing), lane == 0 ? 1 : 3);
        simulation->submit("work", "before the first");
        simulation->submit("work", "delayed", {.key = {}, .delay = 2});
        simulation->step();
        simulation->submit("work", List{1, "two"}, {.key = {}, .priority = 9});
        simulation->submit_each("each", "unit");
        simulation->submit_each("batch", "unit", {.batch = 2});
        simulation->submit("work", "planned", {.key = {}, .deliver = 1});
        simulation->step();
        const JobId cancelled = simulation->submit("work", "never");
        const JobId waiting = simulation->submit("work", "never", {.key = {}, .delay = 1});
        BOOST_TEST(static_cast<bool>(cancelled));
        BOOST_TEST((cancelled != waiting));
        simulation->cancel(cancelled);
        simulation->cancel(waiting);
        simulation->cancel(JobId{});
        simulation->step();
        simulation->step();
        texts[lane] = probe_text(*simulation);
        chains[lane] = simulation->chain();
    }
    BOOST_TEST(
        texts[0] ==
        R"([[1,"before the first"],[2,[1,"two"]],[2,1],[2,2],[2,3],[2,4],[2,5],[2,2],[2,2],[2,1],)"
        R"([3,"delayed"],[2,"planned"]])");
    BOOST_TEST(texts[0] == texts[1]);
    BOOST_TEST(chains[0] == chains[1]);
}

BOOST_AUTO_TEST_CASE(options_mean_the_same_from_cpp_as_from_a_script) {
    const char* const plan = "function jobs.plan(x) note({ engine.frame(), x }) end ";
    const auto text_after = [&](std::string_view script, bool by_host) {
        auto simulation = start(with_handler(std::string(plan) + std::string(script), nothing), 2);
        if (by_host) {
            simulation->submit_each("each", "unit", {.every = 2, .delay = 1});
            simulation->submit_each("batch", "unit", {.batch = 3, .priority = -5, .delay = 2});
            simulation->submit("plan", 1, {.key = {}, .deliver = SubmitOptions::kWhenDone});
            simulation->submit("plan", 2, {.key = {}, .deliver = 3});
        }
        for (int i = 0; i < 12; ++i) simulation->step();
        return probe_text(*simulation);
    };
    const std::string by_script = text_after(R"lua(
        function on_frame(frame)
            if frame > 1 then return end
            engine.submit_each("each", "unit", { every = 2, delay = 1 })
            engine.submit_each("batch", "unit", { batch = 3, priority = -5, delay = 2 })
            engine.submit("plan", 1, { deliver = "done" })
            engine.submit("plan", 2, { deliver = 3 })
        end
    )lua",
                                             false);
    BOOST_TEST(text_after("", true) == by_script);
    // Two or three of five units, two batches, the plan of three frames, then the one "done".
    BOOST_TEST(by_script.find("[3,3],[3,2],[1,2],[1,1]]") != std::string::npos, by_script);
}

BOOST_AUTO_TEST_CASE(background_jobs_of_a_host_read_no_world) {
    auto simulation = start(with_handler("function jobs.plan(x) note(x) end", nothing), 2);
    simulation->submit("plan", 5, {.key = {}, .deliver = 2});
    simulation->step();
    BOOST_TEST(probe(*simulation).is_nil());
    simulation->step();
    simulation->step();
    BOOST_TEST(probe_text(*simulation) == "[5]");
}

BOOST_AUTO_TEST_CASE(what_is_submitted_between_steps_is_part_of_the_state) {
    const Scenario scenario = with_handler("", nothing);
    auto simulation = start(scenario, 2), plain = start(scenario, 2);
    simulation->step();
    plain->step();
    BOOST_TEST(simulation->state_hash() == plain->state_hash());
    simulation->submit("work", "waiting", {.key = {}, .delay = 1});
    BOOST_TEST(simulation->state_hash() != plain->state_hash());
    const auto snapshot = simulation->capture();
    Bytes saved;
    simulation->save(saved);
    simulation->step();
    simulation->step();
    ByteReader reader(saved.view());
    plain->load(reader);
    plain->step();
    plain->step();
    BOOST_TEST(plain->state_hash() == simulation->state_hash());
    simulation->restore(*snapshot);
    simulation->step();
    simulation->step();
    BOOST_TEST(probe_text(*simulation) == R"([[3,"waiting"]])");
    BOOST_TEST(plain->state_hash() == simulation->state_hash());
}

BOOST_AUTO_TEST_CASE(a_job_or_template_that_does_not_exist_is_refused) {
    auto simulation = start(with_handler("", nothing), 1);
    BOOST_CHECK_THROW(simulation->submit("wrok"), Error);
    BOOST_CHECK_THROW(simulation->submit_each("each", "untit"), Error);
    BOOST_CHECK_THROW(simulation->submit_each("eech", "unit"), Error);
    const FrameReport& report = simulation->step();
    BOOST_TEST(report.jobs == 0u);
    BOOST_TEST(report.faults.empty());
}

BOOST_AUTO_TEST_CASE(keys_of_a_host_are_those_of_scripts) {
    const Scenario scenario = with_handler(R"lua(
        function on_frame(frame) if frame == 2 then engine.submit("draw", nil, { key = "k" }) engine.submit("draw", nil, { key = 7 }) end end
    )lua",
                                           nothing);
    auto simulation = start(scenario, 2);
    simulation->step();
    simulation->submit("draw", {}, {.key = "k"});
    simulation->submit("draw", {}, {.key = 7});
    simulation->step();
    const Value log = probe(*simulation);
    BOOST_REQUIRE_EQUAL(log.as_list().size(), 4u);
    BOOST_TEST((log[1] == log[3]));
    BOOST_TEST((log[2] == log[4]));
    BOOST_TEST(!(log[1] == log[2]));
}

BOOST_AUTO_TEST_CASE(handlers_in_cpp_answer_calls_and_posts_in_stamp_order) {
    const Scenario scenario = with_handler(
        R"lua(
        function on_frame()
            for i = 1, 10 do engine.submit("ask", i, { priority = i % 3 }) engine.submit("post", 100 + i) end
            say(engine.call("host", 1000))
        end
    )lua",
        [](HandlerContext& context, const Value& data) -> Value {
            World& world = context.world();
            const EntityId probe = world.singleton("probe");
            world.set(probe, "number",
                      world.get(probe, "number").as_integer() * 3 % 1000003 + data.as_integer());
            return List{data, world.get(probe, "number")};
        });
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    std::int64_t number = 0;
    const auto handle = [&](std::int64_t data) { number = number * 3 % 1000003 + data; };
    std::string expected = "[";
    for (int frame = 1; frame <= 2; ++frame) {
        handle(1000);
        expected += "[1000," + std::to_string(number) + "],";
        std::string answers;
        for (int i = 1; i <= 10; ++i) {
            handle(i);
            answers += "[" + std::to_string(i) + "," + std::to_string(number) + "],";
            handle(100 + i);
        }
        expected += answers;
    }
    expected.back() = ']';
    BOOST_TEST(probe_text(*trace.simulation) == expected);
    BOOST_TEST(probe(*trace.simulation, "number").as_integer() == number);
}

BOOST_AUTO_TEST_CASE(a_cpp_handler_that_throws_is_a_host_fault_and_its_writes_are_undone) {
    const Scenario scenario = with_handler(
        R"lua(
        function on_frame() for i = 1, 4 do engine.submit("post", i) end engine.submit("ask", 5) engine.submit("catch", 5) end
        function jobs.catch(x) local ok = pcall(engine.call, "host", x) note(ok) end
    )lua",
        [](HandlerContext& context, const Value& data) -> Value {
            World& world = context.world();
            const EntityId probe = world.singleton("probe");
            world.set(probe, "number", world.get(probe, "number").as_integer() + data.as_integer());
            world.spawn("unit");
            context.simulation().submit("work", data);
            if (data.as_integer() == 2) throw std::runtime_error("the host's own words");
            if (data.as_integer() == 3) throw 42;
            if (data.as_integer() == 5) throw Error("for the caller");
            return {};
        });
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(probe_text(*trace.simulation, "number") == "10");
    BOOST_TEST(ids_of(*trace.simulation, "unit").size() == 5u + 4u);
    std::size_t of_host = 0;
    bool words = false;
    for (const Fault& fault : trace.reports[1].faults) {
        if (fault.kind == FaultKind::host) ++of_host;
        words |= fault.message.find("the host's own words") != std::string::npos;
    }
    BOOST_TEST(of_host >= 2u, describe_all(trace.reports[1].faults));
    BOOST_TEST(words, describe_all(trace.reports[1].faults));
    const std::string text = probe_text(*trace.simulation);
    BOOST_TEST(text.find("false") != std::string::npos, text);
    BOOST_TEST(text.find("[2,1]") != std::string::npos,
               text);  // submitted by the handlers that did not fail
    BOOST_TEST(text.find("[2,4]") != std::string::npos, text);
    BOOST_TEST(text.find("[2,2]") == std::string::npos, text);
    BOOST_TEST(text.find("[2,3]") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_handler_knows_the_stamp_of_the_action_it_answers) {
    auto stamps = std::make_shared<std::vector<Stamp>>();
    const Scenario scenario = with_handler(
        "function on_frame() engine.submit('idle') engine.submit_each('twice', 'unit') end "
        "function jobs.idle() end "
        "function jobs.twice(id) engine.add('probe', 'number', 1) "
        "engine.post_to_main_thread('host') engine.call('host') end",
        [stamps](HandlerContext& context, const Value&) -> Value {
            stamps->push_back(context.stamp());
            return {};
        },
        1);
    run(scenario, 2);
    BOOST_REQUIRE_EQUAL(stamps->size(), 10u);
    for (std::uint32_t i = 0; i < 10; ++i) {
        const Stamp& stamp = (*stamps)[i];
        BOOST_TEST(stamp.frame.value == 1u);
        BOOST_TEST(stamp.submission == 1u);
        BOOST_TEST(stamp.job == i / 2);
        BOOST_TEST(stamp.round == 0u);
        BOOST_TEST(stamp.index == 1 + i % 2);
    }
}

BOOST_AUTO_TEST_CASE(a_handler_that_a_callback_calls_has_a_stamp_of_this_frame) {
    auto stamps = std::make_shared<std::vector<Stamp>>();
    const Scenario scenario = with_handler(
        "function on_frame(frame) if frame > 1 then engine.call('host') "
        "engine.post_to_main_thread('host') end end",
        [stamps](HandlerContext& context, const Value&) -> Value {
            stamps->push_back(context.stamp());
            return {};
        },
        3);
    run(scenario, 2);
    BOOST_REQUIRE_EQUAL(stamps->size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) BOOST_TEST((*stamps)[i].frame.value == 2 + i / 2);
}

BOOST_AUTO_TEST_CASE(templates_of_the_host_come_before_the_programs) {
    Scenario scenario = with_probe(R"lua(
        function on_start() engine.spawn_entity("crate", { weight = 2.5 }) end
        function on_frame() engine.submit_each("weigh", "crate") end
        function jobs.weigh(id) engine.add(id, "weight", 1) note(engine.get(id, "weight")) engine.spawn_entity("crate") end
    )lua",
                                   2);
    scenario.host = [] {
        TemplateSpec crate;
        crate.name = "crate";
        crate.fields.push_back({"weight", FieldType::number, 1.5});
        Simulation::Host host;
        host.templates.push_back(crate);
        return host;
    };
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == "[2.5,3.5,1.5]");
    BOOST_TEST(trace.simulation->world().schema().find("crate") == 0u);
}

BOOST_AUTO_TEST_CASE(reports_count_what_a_frame_did) {
    const Scenario scenario = with_handler(R"lua(
        function on_frame(frame)
            engine.submit_each("two_actions", "unit")
            engine.submit("log_it")
            engine.submit("bad")
        end
        function jobs.two_actions(id) engine.add(id, "x", 1) engine.set(1 << 40, "x", 1) end
        function jobs.log_it() engine.log("warning", "watch out") engine.log("debug", 5) end
        function jobs.bad() engine.add("probe", "number", 1) engine.log("error", "about to fail") error("bad") end
    )lua",
                                           nothing, 1);
    const Trace trace = compare_workers(scenario);
    const FrameReport& report = trace.reports[1];
    BOOST_TEST(report.jobs == 7u);
    BOOST_TEST(report.actions == 10u);
    BOOST_TEST(report.dead_actions == 5u);
    BOOST_TEST(report.entities == 5u);
    BOOST_TEST(report.faults.size() == 1u);
    BOOST_REQUIRE_GE(report.log.size(), 2u);
    BOOST_TEST((report.log[0].level == LogLevel::warning));
    BOOST_TEST(report.log[0].function == "jobs.log_it");
    BOOST_TEST(report.log[0].text == "watch out");
    BOOST_TEST((report.log[1].level == LogLevel::debug));
    BOOST_TEST(report.log[1].text == "5");
}

BOOST_AUTO_TEST_CASE(log_lines_are_shown_in_stamp_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame(frame)
            engine.log("info", "frame")
            for i = 1, 20 do engine.submit("work", i, { priority = i % 7 }) end
        end
        function jobs.work(i)
            for k = 1, (i * 7919) % 499 do end
            engine.log("info", "job " .. i .. " a")
            engine.log("info", "job " .. i .. " b")
        end
    )lua",
                                                   1));
    const std::vector<LogEntry> log = trace.log();
    BOOST_REQUIRE_EQUAL(log.size(), 41u);
    BOOST_TEST(log[0].text == "frame");
    for (int i = 0; i < 40; ++i)
        BOOST_TEST(log[static_cast<std::size_t>(i + 1)].text ==
                   "job " + std::to_string(i / 2 + 1) + (i % 2 == 0 ? " a" : " b"));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
