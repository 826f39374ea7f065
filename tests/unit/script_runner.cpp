// Goal: each job that a ScriptRunner accepts ends in just one result, told once, on the thread and
// in the order that was asked for, whatever scripts, callbacks and the host do.
// Method: small scripts with known answers; callbacks write into a log that the test compares.
#include "canon/script_runner.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "canon/json.hpp"
#include "core/sanitizers.hpp"

namespace canon::test {
namespace {

using Delivery = ScriptJob::Delivery;
using Outcome = ScriptResult::Outcome;
using Pending = ScriptRunner::Pending;
using WhenFull = ScriptRunnerOptions::WhenFull;

ScriptRunnerOptions with_workers(unsigned workers) {
    ScriptRunnerOptions options;
    options.workers = workers;
    options.limits.job_instructions = 5'000'000;
    return options;
}

// No thread runs them but those that the test drives.
ScriptRunnerOptions driven_by_host(unsigned workers) {
    ScriptRunnerOptions options = with_workers(0);
    options.shared_workers =
        std::make_shared<Workers>(WorkersOptions{.threads = workers, .host_threads = true});
    return options;
}

// What callbacks have been told, by any thread.
struct Told {
    std::mutex mutex;
    std::vector<std::string> texts;
    std::vector<std::thread::id> threads;

    static void hear(void* context, const ScriptResult& result) {
        auto& told = *static_cast<Told*>(context);
        std::string text;
        switch (result.outcome) {
            case Outcome::done: {
                List values;
                for (std::uint32_t i = 0; i < result.count; ++i) values.push_back(result.value(i));
                text = to_json(Value(std::move(values)));
                break;
            }
            case Outcome::faulted:
                text = std::string(fault_name(result.fault->kind)) + ": " + result.fault->message;
                break;
            case Outcome::cancelled:
                text = "cancelled";
                break;
        }
        std::lock_guard lock(told.mutex);
        told.texts.push_back(std::move(text));
        told.threads.push_back(std::this_thread::get_id());
    }
    ScriptJob job(Delivery delivery = Delivery::main) {
        ScriptJob job;
        job.delivery = delivery;
        job.callback = hear;
        job.context = this;
        return job;
    }
};

// Notes what scripts ask for.
struct Host : ScriptHost {
    std::vector<std::string> asked;
    std::vector<std::string> failed;

    void log(LogLevel level, std::string_view function, std::string_view text) override {
        asked.push_back("log " + std::to_string(static_cast<int>(level)) + " " +
                        std::string(function) + ": " + std::string(text));
    }
    void spawn_entity(EntityId id, std::string_view name, const Map& fields) override {
        asked.push_back("spawn " + std::to_string(id.value) + " " + std::string(name) + " " +
                        to_json(Value(fields)));
    }
    void post(const Key& function, const Value& data) override {
        if (!function.is_integer() && function.as_string() == "bad")
            throw std::runtime_error("bad post");
        asked.push_back("post " + name(function) + " " + to_json(data));
    }
    Value call(const Key& function, const Value& data) override {
        asked.push_back("call " + name(function) + " " + to_json(data));
        if (!function.is_integer() && function.as_string() == "bad")
            throw std::runtime_error("no answer today");
        return Value(data.as_integer() * 2);
    }
    void callback_failed(JobId, std::string_view what) override { failed.emplace_back(what); }

    static std::string name(const Key& key) {
        return key.is_integer() ? std::to_string(key.as_integer()) : key.as_string();
    }
};

// Counts what it has given and taken back.
struct Counting : std::pmr::memory_resource {
    std::atomic<std::int64_t> held{0}, most{0};

    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        const std::int64_t now = held += static_cast<std::int64_t>(bytes);
        std::int64_t seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        held -= static_cast<std::int64_t>(bytes);
        std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }
};

BOOST_AUTO_TEST_SUITE(script_runner)

BOOST_AUTO_TEST_CASE(a_text_gets_arguments_and_returns_values) {
    Told told;
    ScriptRunner runner;
    runner.init(with_workers(2));
    const ScriptJob job = told.job();
    runner.enqueue_script("local a, b = ... return a + b, a .. b", {2, 3}, job);
    runner.enqueue_script("return ...", {Value(), true, 0.5, "text", List{1, Map{{"a", 1}}}}, job);
    runner.enqueue_script("", {}, job);
    runner.enqueue_script("return select('#', ...)", {}, job);
    runner.drain();
    const std::vector<std::string> expected = {
        R"([5,"23"])", R"([null,true,0.5,"text",[1,{"a":1}]])", "[]", "[0]"};
    BOOST_TEST(told.texts == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(functions_of_a_program_run_by_name) {
    Told told;
    ScriptRunnerOptions options = with_workers(1);
    options.program = Program::from_modules(
        {{"main", "local m = require 'm' function jobs.twice(x) return m.twice(x) end"},
         {"m", "return { twice = function(x) return 2 * x end }"}});
    ScriptRunner runner;
    runner.init(options);
    runner.enqueue_function("twice", {21}, told.job());
    runner.enqueue_script("return require('m').twice(4)", {}, told.job());
    runner.enqueue_function("thrice", {21}, told.job());
    runner.drain();
    BOOST_TEST(told.texts.at(0) == "[42]");
    BOOST_TEST(told.texts.at(1) == "[8]");
    BOOST_TEST(told.texts.at(2) == "error: the program has no function of this name in `jobs`");
}

BOOST_AUTO_TEST_CASE(no_job_sees_what_another_has_done) {
    Told told;
    ScriptRunner runner;
    runner.init(with_workers(1));
    for (int i = 0; i < 3; ++i) {
        runner.enqueue_script("x = (x or 0) + 1 string.y = x return x, string.y", {}, told.job());
        runner.enqueue_script("error('in between')", {}, told.job());
    }
    runner.drain();
    for (int i = 0; i < 6; i += 2)
        BOOST_TEST(told.texts.at(static_cast<std::size_t>(i)) == "[1,1]");
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_in_a_script_is_a_fault_with_place_and_kind) {
    struct Row {
        const char* text;
        const char* fault;
    };
    const Row rows[] = {
        {"local x = = 1", "error: script:1: "},
        {"\nerror('not today')", "error: script:2: not today"},
        {"while true do end", "budget: script:1: stopped: it has spent its budget"},
        {"local t = {} while true do t = { t, t, t, t, t } end", "memory: "},
        {"return print", "error: the returned value is a function"},
        {"coroutine.yield()", "error: "},
        {"\x1bLua", "error: "},
        {"engine.post_to_main_thread(print, 1)",
         "error: script:1: bad argument #1 to 'post_to_main_thread'"},
        {"engine.spawn_entity('unit', 5)", "error: script:1: bad argument #2 to 'spawn_entity'"},
        {"table.sort({ 1, 2 }, function() return engine.call('f') end)", "error: script:1: "},
        {"return engine.call('f', 1)", "error: this host has no function 'f'"},
    };
    for (const unsigned workers : {1u, 3u}) {
        Told told;
        ScriptRunnerOptions options = with_workers(workers);
        options.limits.memory_bytes = 4 << 20;
        ScriptRunner runner;
        runner.init(options);
        for (const Row& row : rows) runner.enqueue_script(row.text, {}, told.job());
        runner.enqueue_script(std::string("return 1 \0 + 1", 14), {}, told.job());
        runner.enqueue_script("\n", {}, told.job());
        runner.enqueue_script(std::string(64 << 20, ' '), {}, told.job());
        runner.drain();
        BOOST_TEST_REQUIRE(told.texts.size() == std::size(rows) + 3);
        for (std::size_t i = 0; i < std::size(rows); ++i)
            BOOST_TEST(told.texts[i].starts_with(rows[i].fault),
                       rows[i].text << ": " << told.texts[i]);
        BOOST_TEST(told.texts[std::size(rows)].starts_with("error: script:1: "));
        BOOST_TEST(told.texts[std::size(rows) + 1] == "[]");
        BOOST_TEST(told.texts.back() == "error: the script's text is larger than 16 MiB");
    }
}

BOOST_AUTO_TEST_CASE(results_for_the_main_thread_come_in_order_of_enqueueing_and_there_alone) {
    for (const unsigned workers : {1u, 2u, 7u}) {
        Told told;
        ScriptRunner runner;
        runner.init(with_workers(workers));
        std::vector<std::string> expected;
        for (int i = 0; i < 500; ++i) {
            // Some take longer than others.
            runner.enqueue_script("local n, i = ... for k = 1, n do end return i",
                                  {(i * 7919) % 13 * 1000, i}, told.job());
            expected.push_back("[" + std::to_string(i) + "]");
        }
        BOOST_TEST(told.texts.empty());
        runner.drain();
        BOOST_TEST(told.texts == expected, boost::test_tools::per_element());
        for (const std::thread::id thread : told.threads)
            BOOST_TEST((thread == std::this_thread::get_id()));
    }
}

BOOST_AUTO_TEST_CASE(a_callback_on_the_worker_comes_without_a_drain) {
    Told told;
    ScriptRunner runner;
    runner.init(with_workers(2));
    ScriptHandle last;
    for (int i = 0; i < 100; ++i)
        runner.enqueue_script("return ...", {i}, told.job(Delivery::worker));
    runner.deinit(Pending::finish);
    BOOST_TEST(told.texts.size() == 100u);
    BOOST_TEST((std::set<std::string>(told.texts.begin(), told.texts.end()).size() == 100u));
}

BOOST_AUTO_TEST_CASE(a_handle_waits_for_one_job_with_a_timeout) {
    ScriptRunner runner;
    runner.init(with_workers(1));
    ScriptHandle answer, endless, wrong;
    ScriptJob job;
    job.handle = &answer;
    runner.enqueue_script("return 6 * 7", {}, job);
    answer.wait();
    BOOST_TEST(answer.result().value().as_integer() == 42);
    job.handle = &wrong;
    runner.enqueue_script("error({ code = 5 })", {}, job);
    BOOST_TEST(wrong.wait_for(std::chrono::seconds(60)));
    BOOST_TEST((wrong.result().outcome == Outcome::faulted));
    job.handle = &endless;
    Host host;
    const JobId id = runner.enqueue_script("return engine.call('nobody')", {}, job);
    BOOST_TEST(!endless.wait_for(std::chrono::milliseconds(20)));
    BOOST_TEST(runner.cancel(id));
    endless.wait();
    BOOST_TEST((endless.result().outcome == Outcome::cancelled));
    runner.deinit(Pending::finish);
    BOOST_TEST(answer.result().value().as_integer() == 42);
}

BOOST_AUTO_TEST_CASE(what_scripts_ask_for_comes_in_order_of_jobs_and_calls_are_answered) {
    std::vector<std::string> first;
    for (const unsigned workers : {1u, 2u, 5u}) {
        Told told;
        Host host;
        ScriptRunnerOptions options = with_workers(workers);
        options.host = &host;
        ScriptRunner runner;
        runner.init(options);
        for (int i = 1; i <= 20; ++i)
            runner.enqueue_script(R"lua(
                local i = ...
                for _ = 1, i * 7919 % 13 * 5000 do end  -- so that they arrive in another order
                engine.log("info", "job " .. i)
                local id = engine.spawn_entity("unit", { number = i })
                engine.post_to_main_thread("seen", { id = id })
                local sum = engine.call("double", i) + engine.call(7, i)
                engine.post_to_main_thread(3, sum)
                return sum, select(2, pcall(engine.call, "bad", i))
            )lua",
                                  {i}, told.job());
        runner.enqueue_script("engine.post_to_main_thread('lost', 1) error('x')", {}, told.job());
        runner.enqueue_script("engine.post_to_main_thread('bad', 1) return 'after'", {},
                              told.job());
        runner.drain();
        BOOST_TEST_REQUIRE(told.texts.size() == 22u);
        for (int i = 1; i <= 20; ++i)
            BOOST_TEST(told.texts.at(static_cast<std::size_t>(i) - 1) ==
                       "[" + std::to_string(4 * i) + R"(,"no answer today"])");
        BOOST_TEST(told.texts[20].starts_with("error: "));
        BOOST_TEST(told.texts[21] == R"(["after"])");
        BOOST_TEST(std::count(host.asked.begin(), host.asked.end(), "log 3 script: bad post") == 1);
        for (const std::string& text : host.asked)
            BOOST_TEST(text.find("lost") == std::string::npos);
        BOOST_TEST(host.asked.at(0) == "log 1 script: job 1");
        BOOST_TEST(host.asked.at(2).starts_with("post seen {\"id\":"));
        BOOST_TEST(host.asked.at(3) == "call double 1");
        if (first.empty()) first = host.asked;
        BOOST_TEST(host.asked == first, boost::test_tools::per_element());
    }
}

int add(int a, int b) { return a + b; }
std::tuple<std::string, double> describe(std::string_view name, std::optional<double> size) {
    return {"<" + std::string(name) + ">", size.value_or(-1)};
}

BOOST_AUTO_TEST_CASE(functions_of_the_host_convert_arguments_and_results_by_type) {
    const std::thread::id main = std::this_thread::get_id();
    for (const unsigned workers : {1u, 3u}) {
        Told told;
        Host host;
        ScriptRunnerOptions options = with_workers(workers);
        options.host = &host;
        std::atomic<int> calls{0}, elsewhere{0};
        ScriptRunner runner;
        runner.add_function("host", "add", &add, {"a", "b"});
        runner.add_function("host", "describe", &describe, {"name", "size"});
        runner.add_function("host", "sum", [](const std::vector<std::int64_t>& numbers) {
            std::int64_t sum = 0;
            for (const std::int64_t number : numbers) sum += number;
            return sum;
        });
        runner.add_function("host", "same", [](const Value& value) { return value; });
        runner.add_function("host", "nothing", [](bool) {});
        runner.add_function("host", "small", [](std::uint8_t number) { return number; }, {"n"});
        runner.add_function("host", "id", [](EntityId id) { return EntityId{id.value + 1}; });
        runner.add_function("host", "fail", [](int code) -> int {
            if (code == 1) throw 5;
            throw std::runtime_error("code " + std::to_string(code));
        });
        runner.add_function(
            "world", "count",
            [&](int step) {
                if (std::this_thread::get_id() != main) ++elsewhere;
                calls += step;
                return std::tuple{calls.load(), step};
            },
            {"step"}, Purity::main_thread);
        runner.init(options);
        const std::pair<const char*, const char*> rows[] = {
            {"return host.add(1, 2.0)", "[3]"},
            {"return host.describe('x', 2)", R"(["<x>",2.0])"},
            {"return host.describe('x')", R"(["<x>",-1.0])"},
            {"return host.sum({ 1, 2, 39 })", "[42]"},
            {"return host.sum({})", "[0]"},
            {"return host.same({ a = { 1 } }), host.same()", R"([{"a":[1]},null])"},
            {"return select('#', host.nothing(true))", "[0]"},
            {"return host.small(255), host.id(6)", "[255,7]"},
            {"return host.add(1, 'x')",
             R"(error: script:1: host.add: argument 2 ('b') is "x"; expected: integer of its type's range)"},
            {"return host.add(1, 0.5)",
             "error: script:1: host.add: argument 2 ('b') is 0.5; expected: integer of its type's "
             "range"},
            {"return host.add(1)",
             "error: script:1: host.add: argument 2 ('b') is missing; expected: integer of its "
             "type's range"},
            {"return host.add(1, 2, 3)", "error: script:1: host.add: 3 arguments, but it takes 2"},
            {"return host.small(256)",
             "error: script:1: host.small: argument 1 ('n') is 256; expected: integer of its "
             "type's range"},
            {"return host.sum({ 1, 'x' })",
             R"(error: script:1: host.sum: argument 1 is [1,"x"]; expected: list)"},
            {"return host.fail(7)", "error: script:1: host.fail: code 7"},
            {"return select(2, pcall(host.fail, 1))",
             R"(["host.fail: has thrown something that is no std::exception"])"},
            {"return host.add(print, 1)", "error: script:1: argument is a function"},
        };
        for (const auto& [text, expected] : rows) runner.enqueue_script(text, {}, told.job());
        runner.drain();
        BOOST_TEST_REQUIRE(told.texts.size() == std::size(rows));
        for (std::size_t i = 0; i < std::size(rows); ++i)
            BOOST_TEST(told.texts[i].starts_with(rows[i].second),
                       rows[i].first << ": " << told.texts[i]);
        told.texts.clear();
        for (int i = 0; i < 10; ++i)
            runner.enqueue_script("local a, b = world.count(1) return a + world.count(10), b", {},
                                  told.job());
        runner.enqueue_script("return select(2, pcall(world.count, 'x'))", {}, told.job());
        runner.drain();
        for (int i = 0; i < 10; ++i)
            BOOST_TEST(told.texts.at(static_cast<std::size_t>(i)) ==
                       "[" + std::to_string(i + 1 + 10 + 10 * (i + 1)) + ",1]");
        BOOST_TEST(elsewhere == 0);
        BOOST_CHECK_THROW(runner.add_function("late", "add", &add), Error);
    }
}

BOOST_AUTO_TEST_CASE(names_of_host_functions_are_checked_and_so_is_their_purity) {
    Told told;
    ScriptRunner runner;
    for (const char* module : {"", "a.b", "1a", "engine", "math", "_G"})
        BOOST_CHECK_THROW(runner.add_function(module, "add", &add), Error);
    runner.add_function("host", "add", &add);
    BOOST_CHECK_THROW(runner.add_function("host", "add", &add), Error);
    std::atomic<int> counter{0};
    runner.add_function("host", "next", [&] { return ++counter; });
    ScriptRunnerOptions options = with_workers(1);
    options.check_purity = true;
    runner.init(options);
    runner.enqueue_script("return host.add(1, 2)", {}, told.job());
    runner.enqueue_script("return host.next()", {}, told.job());
    runner.drain();
    BOOST_TEST(told.texts.at(0) == "[3]");
    BOOST_TEST(told.texts.at(1).starts_with("error: script:1: host.next: is declared pure, but"));
}

BOOST_AUTO_TEST_CASE(a_host_function_may_enqueue_but_not_drain) {
    Told told;
    ScriptRunner runner;
    ScriptRunnerOptions options = with_workers(1);
    options.queue_capacity = 1;
    runner.add_function("host", "more", [&](int count) {
        for (int i = 0; i < count; ++i)
            runner.enqueue_script("return 'more'", {}, told.job(Delivery::worker));
    });
    runner.add_function("host", "drain", [&] { runner.drain(); });
    runner.init(options);
    runner.enqueue_script("host.more(5)", {}, told.job());
    runner.enqueue_script("host.drain()", {}, told.job());
    runner.drain();
    runner.deinit(Pending::finish);
    BOOST_TEST(std::count(told.texts.begin(), told.texts.end(), R"(["more"])") == 5);
    BOOST_TEST(std::count(told.texts.begin(), told.texts.end(),
                          "error: script:1: host.drain: drain() was called from a callback") == 1);
}

BOOST_AUTO_TEST_CASE(a_full_queue_does_as_it_was_told) {
    for (const WhenFull when_full : {WhenFull::block, WhenFull::refuse, WhenFull::run_here}) {
        Told told;
        ScriptRunnerOptions options = with_workers(1);
        options.queue_capacity = 4;
        options.when_full = when_full;
        ScriptRunner runner;
        runner.init(options);
        std::size_t accepted = 0;
        for (int i = 0; i < 200; ++i) {
            const JobId id =
                runner.enqueue_script("for i = 1, 20000 do end", {}, told.job(Delivery::worker));
            accepted += id ? 1 : 0;
        }
        if (when_full == WhenFull::refuse)
            BOOST_TEST(accepted < 200u);
        else
            BOOST_TEST(accepted == 200u);
        BOOST_TEST(runner.statistics().refused == 200 - accepted);
        runner.deinit(Pending::finish);
        BOOST_TEST(told.texts.size() == accepted);
    }
}

BOOST_AUTO_TEST_CASE(high_priority_overtakes_and_low_priority_does_not_starve) {
    Told told;
    ScriptRunnerOptions options = driven_by_host(1);
    ScriptRunner runner;
    runner.init(options);
    ScriptJob job = told.job(Delivery::worker);
    for (const auto priority : {ScriptJob::Priority::low, ScriptJob::Priority::high}) {
        job.priority = priority;
        for (int i = 0; i < 1000; ++i)
            runner.enqueue_script("return ...", {priority == ScriptJob::Priority::low ? 0 : 1},
                                  job);
    }
    options.shared_workers->run_worker(1);
    BOOST_TEST(told.texts.at(0) == "[1]");
    while (options.shared_workers->run_worker(1)) {
    }
    BOOST_TEST_REQUIRE(told.texts.size() == 2000u);
    const auto early = std::count(told.texts.begin(), told.texts.begin() + 1000, "[0]");
    BOOST_TEST(early > 0);
    BOOST_TEST(early < 20);
}

BOOST_AUTO_TEST_CASE(queued_running_and_waiting_jobs_are_cancelled) {
    Told told;
    ScriptRunnerOptions options = with_workers(1);
    options.limits.job_instructions = INT64_MAX;
    ScriptRunner runner;
    runner.init(options);
    const JobId running = runner.enqueue_script(
        "local t = {} while true do t.x = (t.x or 0) + 1 end", {}, told.job(Delivery::worker));
    const JobId queued = runner.enqueue_script("return 1", {}, told.job(Delivery::worker));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto asked = std::chrono::steady_clock::now();
    BOOST_TEST(runner.cancel(queued));
    BOOST_TEST(runner.cancel(queued));  // twice is once
    BOOST_TEST(runner.cancel(running));
    ScriptHandle handle;
    ScriptJob job = told.job(Delivery::worker);
    job.handle = &handle;
    const JobId waiting = runner.enqueue_script("engine.call('f')", {}, job);
    while (runner.statistics().waiting == 0) std::this_thread::yield();
    BOOST_TEST(told.texts.size() == 2u);
    // Its budget would end it too, some five seconds later.
    if (!kThreadSanitizer)  // which holds signals back
        BOOST_TEST((std::chrono::steady_clock::now() - asked < std::chrono::seconds(2)));
    BOOST_TEST(runner.cancel(waiting));
    handle.wait();
    runner.deinit(Pending::finish);
    BOOST_TEST((told.texts == std::vector<std::string>(3, "cancelled")));
    BOOST_TEST(!runner.cancel(running));
}

BOOST_AUTO_TEST_CASE(ten_thousand_jobs_cancelled_at_random_each_end_once) {
    struct Ends {
        std::atomic<int> done{0}, cancelled{0};
    } ends;
    ScriptJob job;
    job.context = &ends;
    job.callback = [](void* context, const ScriptResult& result) {
        auto& all = *static_cast<Ends*>(context);
        ++(result.outcome == Outcome::cancelled ? all.cancelled : all.done);
    };
    Counting memory;
    {
        Host host;
        ScriptRunnerOptions options = with_workers(3);
        options.host = &host;
        ScriptRunner runner;
        runner.init(options, &memory);
        std::mt19937 random(7);
        std::vector<JobId> ids;
        for (int i = 0; i < 10'000; ++i) {
            job.delivery = random() % 2 == 0 ? Delivery::main : Delivery::worker;
            ids.push_back(runner.enqueue_script(
                random() % 3 == 0 ? "return engine.call('f', ...)" : "return ...", {i}, job));
            if (random() % 2 == 0) runner.cancel(ids[random() % ids.size()]);
            if (random() % 1000 == 0) runner.drain();
        }
        runner.deinit(random() % 2 == 0 ? Pending::finish : Pending::cancel);
        BOOST_TEST(ends.done + ends.cancelled == 10'000);
        BOOST_TEST(ends.cancelled > 100);
        BOOST_TEST(ends.done > 100);
    }
    BOOST_TEST(memory.held == 0);
}

BOOST_AUTO_TEST_CASE(callbacks_that_throw_are_reported_and_those_that_enqueue_are_served) {
    struct Context {
        ScriptRunner runner;
        Told told;
        std::atomic<int> left{50};
    } context;
    Host host;
    ScriptRunnerOptions options = with_workers(2);
    options.host = &host;
    options.queue_capacity = 2;
    context.runner.init(options);
    ScriptJob job;
    job.context = &context;
    for (const Delivery delivery : {Delivery::worker, Delivery::main}) {
        job.delivery = delivery;
        job.callback = [](void*, const ScriptResult&) { throw std::runtime_error("my mistake"); };
        context.runner.enqueue_script("return 1", {}, job);
        job.callback = [](void* given, const ScriptResult&) {
            auto& self = *static_cast<Context*>(given);
            if (self.left.fetch_sub(1) <= 0) return;
            for (int i = 0; i < 3; ++i)
                self.runner.enqueue_script("return 2", {}, self.told.job(Delivery::worker));
        };
        for (int i = 0; i < 10; ++i) context.runner.enqueue_script("return 1", {}, job);
    }
    job.callback = [](void* given, const ScriptResult&) {
        static_cast<Context*>(given)->runner.drain();
    };
    context.runner.enqueue_script("return 1", {}, job);
    while (context.left > 30) {
        context.runner.drain();
        std::this_thread::yield();
    }
    context.runner.deinit(Pending::finish);
    BOOST_TEST(context.told.texts.size() >= 30u);
    std::sort(host.failed.begin(), host.failed.end());
    const std::vector<std::string> expected = {"drain() was called from a callback", "my mistake",
                                               "my mistake"};
    BOOST_TEST(host.failed == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(deinit_finishes_or_cancels_and_later_jobs_are_refused) {
    for (const Pending pending : {Pending::finish, Pending::cancel}) {
        Told told;
        Host host;
        Counting memory;
        ScriptRunnerOptions options = with_workers(2);
        options.host = &host;
        ScriptRunner runner;
        BOOST_TEST(!runner.enqueue_script("return 1"));
        for (int life = 0; life < 2; ++life) {
            told.texts.clear();
            runner.init(options, &memory);
            BOOST_CHECK_THROW(runner.init(options), Error);
            for (int i = 0; i < 50; ++i)
                for (const Delivery delivery : {Delivery::main, Delivery::worker})
                    runner.enqueue_script(
                        i % 5 == 0 ? "return engine.call('f', ...)" : "return ...",
                        {i, std::string(100, 'x')}, told.job(delivery));
            runner.deinit(pending);
            BOOST_TEST(told.texts.size() == 100u);
            const auto cancelled = std::count(told.texts.begin(), told.texts.end(), "cancelled");
            if (pending == Pending::finish)
                BOOST_TEST(cancelled == 0);
            else
                BOOST_TEST(cancelled > 0);
            BOOST_TEST(memory.held == 0);
            BOOST_TEST(!runner.enqueue_script("return 1", {}, told.job()));
            BOOST_TEST(!runner.cancel({1}));
            runner.drain();
            runner.deinit(pending);
        }
    }
}

BOOST_AUTO_TEST_CASE(deinit_while_others_enqueue_loses_and_tells_nothing_twice) {
    for (const WhenFull when_full : {WhenFull::block, WhenFull::refuse, WhenFull::run_here}) {
        ScriptRunner runner;
        ScriptRunnerOptions options = with_workers(2);
        options.queue_capacity = 16;
        options.when_full = when_full;
        runner.init(options);
        std::atomic<int> accepted{0}, told{0};
        std::atomic<bool> stop{false};
        ScriptJob job;
        job.delivery = Delivery::worker;
        job.context = &told;
        job.callback = [](void* context, const ScriptResult&) {
            ++*static_cast<std::atomic<int>*>(context);
        };
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                while (!stop)
                    if (runner.enqueue_script("return 1", {}, job)) ++accepted;
            });
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        runner.deinit(Pending::cancel);
        stop = true;
        for (std::thread& thread : threads) thread.join();
        BOOST_TEST(told == accepted);
    }
}

BOOST_AUTO_TEST_CASE(eight_threads_enqueue_and_nothing_is_lost) {
    Told told;
    ScriptRunner runner;
    runner.init(with_workers(2));
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            for (int k = 0; k < 500; ++k)
                runner.enqueue_script("return ...", {i * 1000 + k}, told.job());
        });
    for (std::thread& thread : threads) thread.join();
    runner.drain();
    BOOST_TEST((std::set<std::string>(told.texts.begin(), told.texts.end()).size() == 4000u));
}

BOOST_AUTO_TEST_CASE(a_hosts_threads_drive_the_workers) {
    for (const bool helped : {false, true}) {
        Told told;
        Host host;
        ScriptRunnerOptions options = driven_by_host(2);
        options.host = &host;
        ScriptRunner runner;
        runner.init(options);
        Barrier drained;
        std::vector<std::thread> threads;
        for (unsigned worker = 1; helped && worker <= 2; ++worker)
            threads.emplace_back(
                [&, worker] { options.shared_workers->help_until(worker, drained); });
        for (int i = 0; i < 200; ++i)
            runner.enqueue_script("return engine.call('f', ...)", {i}, told.job());
        runner.enqueue_script("while true do end", {}, told.job());
        runner.drain();
        BOOST_TEST_REQUIRE(told.texts.size() == 201u);
        BOOST_TEST(told.texts[200].starts_with("budget: "));
        for (std::size_t i = 0; i < 200; ++i)
            BOOST_TEST(told.texts[i] == "[" + std::to_string(2 * i) + "]");
        drained.arrive();
        for (std::thread& thread : threads) thread.join();
    }
}

BOOST_AUTO_TEST_CASE(a_barrier_is_reached_by_its_last_arrival_and_helpers_do_the_jobs_until_then) {
    constexpr std::uint32_t kJobs = 500;
    ScriptRunnerOptions options = driven_by_host(1);
    ScriptRunner runner;
    runner.init(options);
    Barrier barrier(kJobs);
    BOOST_TEST(!barrier.reached());
    ScriptJob job;
    job.delivery = Delivery::worker;
    job.context = &barrier;
    job.callback = [](void* context, const ScriptResult&) {
        static_cast<Barrier*>(context)->arrive();
    };
    for (std::uint32_t i = 0; i < kJobs; ++i) runner.enqueue_script("return 1", {}, job);
    options.shared_workers->help_until(1, barrier);  // the only thread there is
    BOOST_TEST(barrier.reached());
    BOOST_TEST(runner.statistics().queued == 0u);
}

BOOST_AUTO_TEST_CASE(a_thread_that_cannot_be_started_is_an_error_that_leaves_nothing) {
    WorkersOptions options{.threads = 3};
    options.processors = {100'000};
    BOOST_CHECK_EXCEPTION(Workers{options}, Error, [](const Error& error) {
        return std::string(error.what()).find("processor 100000") != std::string::npos;
    });
    options.processors = {1000};
    BOOST_CHECK_THROW(Workers{options}, Error);
    options.processors = {};
    options.stack_bytes = std::size_t{1} << 60;
    BOOST_CHECK_EXCEPTION(Workers{options}, Error, [](const Error& error) {
        return std::string(error.what()).find("canon 1") != std::string::npos;
    });
    options.stack_bytes = 256 << 10;
    options.processors = {0};
    ScriptRunnerOptions settings;
    settings.shared_workers = std::make_shared<Workers>(options);
    ScriptRunner runner;
    runner.init(settings);
    Told told;
    runner.enqueue_script("return 1", {}, told.job());
    runner.drain();
    BOOST_TEST(told.texts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(random_numbers_follow_seed_function_and_key) {
    const auto draw = [](std::uint64_t seed, std::uint64_t key, unsigned workers) {
        Told told;
        ScriptRunnerOptions options = with_workers(workers);
        options.seed = seed;
        ScriptRunner runner;
        runner.init(options);
        ScriptJob job = told.job();
        job.random_key = key;
        for (int i = 0; i < 3; ++i) runner.enqueue_script("return math.random(1 << 40)", {}, job);
        runner.drain();
        return told.texts;
    };
    const std::vector<std::string> base = draw(1, 0, 1);
    BOOST_TEST(base == draw(1, 0, 4), boost::test_tools::per_element());
    BOOST_TEST(base[0] != base[1]);
    BOOST_TEST(base[0] != draw(2, 0, 1)[0]);
    const std::vector<std::string> keyed = draw(1, 99, 2);
    BOOST_TEST(keyed[0] == keyed[1]);
    BOOST_TEST(keyed[0] != draw(1, 98, 2)[0]);
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_queued_jobs_cost_at_most_200_bytes_each) {
    Counting memory;
    ScriptRunnerOptions options = driven_by_host(1);  // nobody runs them
    ScriptRunner runner;
    runner.init(options, &memory);
    for (int i = 0; i < 100'000; ++i) runner.enqueue_script("return ...", {i, 0.5 * i});
    BOOST_TEST(memory.held <= 200 * 100'000);
    BOOST_TEST(runner.statistics().queued == 100'000u);
}

BOOST_AUTO_TEST_CASE(times_and_statistics_are_there_for_those_who_ask) {
    ScriptRunnerOptions options = with_workers(1);
    options.measure_times = true;
    options.program = Program::from_modules({{"main", "function jobs.nothing() end"}});
    ScriptRunner runner;
    runner.init(options);
    ScriptHandle handle;
    ScriptJob job;
    job.handle = &handle;
    runner.enqueue_script("for i = 1, 100000 do end error('x')", {}, job);
    handle.wait();
    BOOST_TEST(handle.result().ran_nanoseconds > 10'000);
    BOOST_TEST(handle.result().waited_nanoseconds > 0);
    runner.drain();
    std::uint64_t jobs = 0, faults = 0;
    while (jobs == 0) {  // published at the end of a batch
        for (const auto& worker : runner.statistics().workers) {
            jobs += worker.jobs;
            faults += worker.faults;
        }
    }
    BOOST_TEST(jobs == 1u);
    BOOST_TEST(faults == 1u);
    BOOST_TEST(runner.statistics().enqueued == 1u);
    runner.enqueue_function("nothing");
    runner.drain();
    const auto functions = runner.statistics().functions;
    BOOST_TEST_REQUIRE(functions.size() == 2u);
    BOOST_TEST(functions[0].name == "jobs.nothing");
    BOOST_TEST(functions[0].jobs == 1u);
    BOOST_TEST(functions[0].faults == 0u);
    BOOST_TEST(functions[1].name == "script");
    BOOST_TEST(functions[1].jobs == 1u);
    BOOST_TEST(functions[1].faults == 1u);
    BOOST_TEST(functions[1].nanoseconds > 10'000);
    BOOST_TEST(runner.statistics().image_bytes > 10'000u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
