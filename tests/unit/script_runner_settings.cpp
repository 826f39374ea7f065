// Goal: what a ScriptRunner can be asked for besides running jobs: counts, levels of sandbox,
// memory from a resource and back to the system. Method: jobs of known cost; a memory resource that
// counts; the resident size of this process.
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <memory_resource>
#include <thread>

#include "canon/json.hpp"
#include "canon/script_runner.hpp"
#include "core/sanitizers.hpp"

namespace canon::test {
namespace {

using Outcome = ScriptResult::Outcome;
using Pending = ScriptRunner::Pending;

struct Told {
    std::vector<std::string> texts;
    std::vector<std::int64_t> instructions;

    static void hear(void* context, const ScriptResult& result) {
        auto& told = *static_cast<Told*>(context);
        told.texts.push_back(result.ok() ? to_json(result.value()) : result.fault->message);
        told.instructions.push_back(result.instructions);
    }
    ScriptJob job() {
        ScriptJob job;
        job.callback = hear;
        job.context = this;
        return job;
    }
};

struct Echo : ScriptHost {
    Value call(const Key&, const Value& data) override { return data; }
};

// Of one job.
std::string answer(const ScriptRunnerOptions& options, std::string_view text) {
    Told told;
    ScriptRunner runner;
    runner.init(options);
    runner.enqueue_script(text, {}, told.job());
    runner.drain();
    return told.texts.at(0);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// Counts what is held; deallocations must be of what was allocated.
class Counting final : public std::pmr::memory_resource {
  public:
    std::atomic<std::int64_t> held{0}, most{0};

  private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        held += static_cast<std::int64_t>(bytes);
        most = std::max(most.load(), held.load());
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
        held -= static_cast<std::int64_t>(bytes);
        std::pmr::new_delete_resource()->deallocate(block, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }
};

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

BOOST_AUTO_TEST_SUITE(script_runner_settings)

BOOST_AUTO_TEST_CASE(instructions_are_counted_for_those_who_ask_and_the_same_on_every_worker) {
    std::vector<std::int64_t> first;
    for (const unsigned workers : {1u, 3u}) {
        Told told;
        Echo host;
        ScriptRunnerOptions options;
        options.workers = workers;
        options.host = &host;
        options.count_instructions = true;
        options.limits.job_instructions = 1'000'000;
        ScriptRunner runner;
        runner.init(options);
        runner.enqueue_script("return 1", {}, told.job());
        runner.enqueue_script("for i = 1, 1000 do end", {}, told.job());
        runner.enqueue_script("for i = 1, 2000 do end", {}, told.job());
        runner.enqueue_script("for i = 1, 1000 do end engine.call('x') for i = 1, 1000 do end", {},
                              told.job());
        runner.enqueue_script("coroutine.wrap(function() for i = 1, 2000 do end end)()", {},
                              told.job());
        runner.enqueue_script("while true do end", {}, told.job());
        runner.drain();
        const std::vector<std::int64_t>& counts = told.instructions;
        BOOST_TEST_REQUIRE(counts.size() == 6u);
        BOOST_TEST(counts[0] > 0);
        BOOST_TEST(counts[0] < 20);
        BOOST_TEST(counts[2] - counts[1] == 1000);  // one instruction a turn of an empty loop
        BOOST_TEST(counts[3] > counts[2]);          // the segments add up
        BOOST_TEST(counts[3] < counts[2] + 30);
        BOOST_TEST(counts[4] > counts[2]);
        BOOST_TEST(counts[4] < counts[2] + 30);
        BOOST_TEST(counts[5] == 1'000'000);
        if (first.empty()) first = counts;
        BOOST_TEST(counts == first, boost::test_tools::per_element());
    }
    Told told;
    ScriptRunner runner;
    runner.init({});
    runner.enqueue_script("for i = 1, 1000 do end", {}, told.job());
    runner.drain();
    BOOST_TEST(told.instructions.at(0) == 0);
}

BOOST_AUTO_TEST_CASE(jobs_run_in_the_level_that_was_asked_for) {
    ScriptRunnerOptions options;
    options.workers = 1;
    BOOST_TEST(answer(options, "return tostring(os)") == R"("nil")");
    options.sandbox.level = Sandbox::Level::view;
    BOOST_TEST(answer(options, "return os.time() > 1600000000 and io == nil") == "true");
    BOOST_TEST(answer(options, "return select(2, pcall(function() return nil + 1 end))") ==
               R"("script:1: attempt to perform arithmetic on a nil value")");
    options.sandbox.allowed = {"tostring", "math"};
    BOOST_TEST(answer(options, "return tostring(string) .. math.floor(2.5)") == R"("nil2")");
    options.sandbox = {Sandbox::Level::trusted, {}};
    ScriptRunner runner;
    BOOST_CHECK_EXCEPTION(runner.init(options), Error, [](const Error& error) {
        return contains(error.what(), "not 'trusted'");
    });
}

BOOST_AUTO_TEST_CASE(a_job_of_level_view_leaves_nothing_either) {
    ScriptRunnerOptions options;
    options.workers = 1;
    options.sandbox.level = Sandbox::Level::view;
    ScriptRunner runner;
    runner.init(options);
    Told told;
    for (int i = 0; i < 3; ++i)
        runner.enqueue_script(
            "local old = tostring(left) left = 1 string.left = 2 "
            "weak = setmetatable({}, { __mode = 'k' }) weak[{}] = 1 collectgarbage() "
            "math.randomseed(7) "
            "return old .. tostring(string.left == 2) .. tostring(next(weak)) .. math.random(1000)",
            {}, told.job());
    runner.drain();
    BOOST_TEST(told.texts.at(0).starts_with("\"niltruenil"));
    BOOST_TEST(told.texts.at(1) == told.texts[0]);
    BOOST_TEST(told.texts.at(2) == told.texts[0]);
}

BOOST_AUTO_TEST_CASE(texts_arguments_results_and_stopped_jobs_lie_in_the_given_memory) {
    Counting memory;
    {
        Echo host;
        ScriptRunnerOptions options;
        options.workers = 2;
        options.host = &host;
        ScriptRunner runner;
        runner.init(options, &memory);
        const std::int64_t before = memory.held;
        const std::string text =
            "local s = ... engine.call('x', s) return s:rep(100) --" + std::string(50'000, 'x');
        Told told;
        ScriptHandle handle;
        ScriptJob waited;
        waited.handle = &handle;
        runner.enqueue_script("return ('y'):rep(30000)", {}, waited);
        runner.enqueue_script(text, {std::string(1000, 'a')}, told.job());
        runner.drain();
        handle.wait();
        BOOST_TEST(told.texts.at(0).size() == 100'002u);
        BOOST_TEST(memory.most - before > 50'000 + 1000 + 100'000 + 30'000);
        BOOST_TEST(handle.result().value().as_string().size() == 30'000u);
        runner.deinit(Pending::finish);
        handle = {};
    }
    BOOST_TEST(memory.held == 0);
}

BOOST_AUTO_TEST_CASE(memory_that_a_large_job_took_goes_back_to_the_system,
                     *boost::unit_test::precondition([](boost::unit_test::test_unit_id) {
                         return boost::test_tools::assertion_result(!kAddressSanitizer &&
                                                                    !kThreadSanitizer);
                     })) {
    const auto held_after = [](std::size_t trim_bytes) {
        ScriptRunnerOptions options;
        options.shared_workers =
            std::make_shared<Workers>(WorkersOptions{.threads = 1, .host_threads = true});
        options.limits.memory_bytes = 256 << 20;
        options.limits.collect_bytes = 256 << 20;
        options.limits.library_work = 1'000'000'000;
        options.trim_bytes = trim_bytes;
        ScriptRunner runner;
        runner.init(options);
        const std::size_t before = resident_bytes();
        const auto run = [&](const char* text) {
            runner.enqueue_script(text);
            runner.drain();
        };
        run("local t = {} for i = 1, 100 do t[i] = ('x'):rep(1 << 20) .. i end");
        run("return 1");
        const std::size_t after = resident_bytes();
        const ScriptRunnerStatistics statistics = runner.statistics();
        BOOST_TEST(statistics.workers.at(0).peak_bytes > 100u << 20);
        BOOST_TEST(statistics.functions.at(0).peak_bytes > 100u << 20);
        return after > before ? after - before : 0;
    };
    BOOST_TEST(held_after(16 << 20) < 24u << 20);
    BOOST_TEST(held_after(std::size_t{1} << 40) > 80u << 20);
}

// A context that notices use after its end.
struct Mortal {
    std::atomic<bool> alive{true};
    std::atomic<int> heard{0}, late{0};

    static void hear(void* context, const ScriptResult&) {
        auto& mortal = *static_cast<Mortal*>(context);
        ++(mortal.alive ? mortal.heard : mortal.late);
    }
};

BOOST_AUTO_TEST_CASE(a_context_that_goes_before_its_jobs_is_forgotten_and_others_are_not) {
    for (const auto delivery : {ScriptJob::Delivery::main, ScriptJob::Delivery::worker}) {
        for (int round = 0; round < 20; ++round) {
            Echo host;
            ScriptRunnerOptions options;
            options.workers = 2;
            options.host = &host;
            ScriptRunner runner;
            runner.init(options);
            Mortal gone, stays;
            ScriptJob job;
            job.delivery = delivery;
            job.callback = Mortal::hear;
            for (int i = 0; i < 200; ++i) {
                job.context = i % 2 == 0 ? &gone : &stays;
                runner.enqueue_script(i % 5 == 0 ? "engine.call('x')" : "for i = 1, 1000 do end",
                                      {}, job);
            }
            if (round % 2 == 0) std::this_thread::yield();
            runner.forget(&gone);
            gone.alive = false;
            runner.drain();
            runner.deinit(Pending::finish);
            BOOST_TEST(gone.late == 0);
            BOOST_TEST(stays.heard == 100);
        }
    }
}

BOOST_AUTO_TEST_CASE(forgetting_waits_for_a_callback_that_is_under_way) {
    struct Slow {
        std::atomic<bool> begun{false}, may_end{false}, ended{false};
    } slow;
    ScriptRunnerOptions options;
    options.workers = 1;
    ScriptRunner runner;
    runner.init(options);
    ScriptJob job;
    job.delivery = ScriptJob::Delivery::worker;
    job.context = &slow;
    job.callback = [](void* context, const ScriptResult&) {
        auto& slow = *static_cast<Slow*>(context);
        slow.begun = true;
        while (!slow.may_end) std::this_thread::yield();
        slow.ended = true;
    };
    runner.enqueue_script("return 1", {}, job);
    while (!slow.begun) std::this_thread::yield();
    std::atomic<bool> forgotten{false};
    bool ended_before = false;
    std::thread forgetting([&] {
        runner.forget(&slow);
        ended_before = slow.ended;
        forgotten = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    BOOST_TEST(!forgotten);
    slow.may_end = true;
    forgetting.join();
    BOOST_TEST(ended_before);
}

BOOST_AUTO_TEST_CASE(jobs_of_a_forgotten_context_are_cancelled_queued_running_and_waiting) {
    struct Counting : Echo {
        int calls = 0;
        Value call(const Key&, const Value& data) override { return ++calls, data; }
    } host;
    ScriptRunnerOptions options;
    options.workers = 1;
    options.host = &host;
    // Nothing but a cancellation ends it in time; the thread sanitizer holds back its signal.
    options.limits.job_instructions = kThreadSanitizer ? 20'000'000 : INT64_MAX;
    ScriptRunner runner;
    runner.init(options);
    Mortal gone;
    ScriptJob job;
    job.delivery = ScriptJob::Delivery::worker;
    job.callback = Mortal::hear;
    job.context = &gone;
    runner.enqueue_script("engine.call('x')", {}, job);
    while (runner.statistics().waiting == 0) std::this_thread::yield();
    runner.enqueue_script("while true do end", {}, job);
    while (runner.statistics().queued != 0) std::this_thread::yield();
    runner.enqueue_script("engine.call('x')", {}, job);
    runner.forget(&gone);
    gone.alive = false;
    BOOST_TEST(runner.statistics().waiting == 0u);
    ScriptHandle after;
    ScriptJob other;
    other.handle = &after;
    runner.enqueue_script("return 1", {}, other);
    BOOST_TEST(after.wait_for(std::chrono::seconds(20)));
    runner.drain();
    BOOST_TEST(host.calls == 0);
    BOOST_TEST(gone.heard + gone.late == 0);
    runner.deinit(Pending::cancel);
}

BOOST_AUTO_TEST_CASE(a_callback_may_forget_its_own_context) {
    struct Self {
        ScriptRunner runner;
        int heard = 0;
    } self;
    self.runner.init({});
    ScriptJob job;
    job.context = &self;
    job.callback = [](void* context, const ScriptResult&) {
        auto& self = *static_cast<Self*>(context);
        ++self.heard;
        self.runner.forget(&self);
    };
    for (int i = 0; i < 10; ++i) self.runner.enqueue_script("return 1", {}, job);
    self.runner.drain();
    BOOST_TEST(self.heard == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
