// Goal: simulations and runners share workers without a trace in any result, and nobody waits for
// the long work of others.
// Method: the melee's hashes beside a runner that is kept busy on the same workers; a reader thread
// that checks a snapshot while the simulation goes on.
#include "canon/workers.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

#include "canon/chaos.hpp"
#include "canon/script_runner.hpp"
#include "canon/snapshot.hpp"
#include "determinism/melee.hpp"

namespace canon::test {
namespace {

using Outcome = ScriptResult::Outcome;

std::unique_ptr<Simulation> start_on(const std::shared_ptr<Workers>& workers) {
    const Scenario scenario = melee();
    SimulationOptions options{
        .seed = scenario.seed, .config = scenario.config, .limits = scenario.limits};
    options.shared_workers = workers;
    return std::make_unique<Simulation>(load(scenario), options,
                                        scenario.host ? scenario.host() : Simulation::Host{});
}

ScriptRunnerOptions on(const std::shared_ptr<Workers>& workers) {
    ScriptRunnerOptions options;
    options.shared_workers = workers;
    return options;
}

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(a_simulation_and_a_runner_share_workers_without_a_trace) {
    const Trace alone = run(melee(), 1);
    const auto shared = std::make_shared<Workers>(WorkersOptions{.threads = 2});
    const auto simulation = start_on(shared);
    BOOST_TEST(simulation->workers() == 3u);
    ScriptRunner runner;
    runner.init(on(shared));
    std::int64_t sum = 0;
    ScriptJob job;
    job.context = &sum;
    job.callback = [](void* context, const ScriptResult& result) {
        *static_cast<std::int64_t*>(context) += result.value().as_integer();
    };
    const Scenario scenario = melee();
    for (std::uint64_t frame = 1; frame < alone.reports.size(); ++frame) {
        for (int i = 1; i <= 50; ++i)
            runner.enqueue_script("local s = 0 for i = 1, ... do s = s + i end return s", {i}, job);
        BOOST_TEST_REQUIRE(step(*simulation, scenario).chain == alone.reports[frame].chain);
        if (frame % 2 == 0) runner.drain();
    }
    runner.drain();
    BOOST_TEST(sum == static_cast<std::int64_t>(alone.reports.size() - 1) * 22100);
}

BOOST_AUTO_TEST_CASE(a_worker_held_up_by_a_runners_job_delays_no_frame_and_no_drain) {
    const auto shared = std::make_shared<Workers>(WorkersOptions{.threads = 1});
    const auto simulation = start_on(shared);
    ScriptRunner blocked, other;
    blocked.init(on(shared));
    other.init(on(shared));
    Barrier begun, released;
    struct Both {
        Barrier *begun, *released;
    } both{&begun, &released};
    ScriptJob holding;
    holding.delivery = ScriptJob::Delivery::worker;
    holding.context = &both;
    holding.callback = [](void* context, const ScriptResult&) {
        auto& both = *static_cast<Both*>(context);
        both.begun->arrive();
        while (!both.released->reached()) std::this_thread::yield();
    };
    blocked.enqueue_script("return 1", {}, holding);
    while (!begun.reached()) std::this_thread::yield();
    const Scenario scenario = melee();
    for (int i = 0; i < 5; ++i) step(*simulation, scenario);
    int ended = 0;
    ScriptJob job;
    job.context = &ended;
    job.callback = [](void* context, const ScriptResult&) { ++*static_cast<int*>(context); };
    for (int i = 0; i < 10; ++i) other.enqueue_script("return engine.frame", {}, job);
    other.drain();
    BOOST_TEST(ended == 10);
    BOOST_TEST(simulation->frame().value == 5u);
    released.arrive();
    blocked.deinit(ScriptRunner::Pending::finish);
}

BOOST_AUTO_TEST_CASE(a_hosts_threads_help_a_simulation_until_the_barrier) {
    const Trace alone = run(melee(), 1);
    const auto shared =
        std::make_shared<Workers>(WorkersOptions{.threads = 2, .host_threads = true});
    const auto simulation = start_on(shared);
    const Scenario scenario = melee();
    for (std::uint64_t frame = 1; frame < alone.reports.size(); ++frame) {
        Barrier stepped;
        std::vector<std::thread> threads;
        for (unsigned worker = 1; worker <= 2; ++worker)
            threads.emplace_back([&, worker] { shared->help_until(worker, stepped); });
        const std::uint64_t chain = step(*simulation, scenario).chain;
        stepped.arrive();
        for (std::thread& thread : threads) thread.join();
        BOOST_TEST_REQUIRE(chain == alone.reports[frame].chain);
    }
}

BOOST_AUTO_TEST_CASE(workers_outlive_their_simulations_and_runners) {
    const auto shared = std::make_shared<Workers>(WorkersOptions{.threads = 2});
    for (int i = 0; i < 20; ++i) {
        const auto simulation = start_on(shared);
        ScriptRunner runner;
        runner.init(on(shared));
        for (int k = 0; k < 20; ++k) runner.enqueue_script("return 1");
        step(*simulation, melee());
        if (i % 2 == 0) runner.drain();
    }
    const auto simulation = start_on(shared);
    BOOST_TEST(step(*simulation, melee()).chain == run(melee(), 1).reports[1].chain);
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_read_by_any_thread_while_the_simulation_goes_on) {
    const auto simulation = start(melee(), 2);
    const Scenario scenario = melee();
    step(*simulation, scenario);
    const std::shared_ptr<const SimulationSnapshot> snapshot = simulation->capture();
    BOOST_TEST(snapshot->frame().value == 1u);
    const std::string before = snapshot->world().dump();
    BOOST_TEST(before == simulation->world().dump());
    Barrier done;
    bool same = true;
    std::thread reader([&] {
        do {
            same = same && snapshot->world().dump() == before;
        } while (!done.reached());
    });
    for (int i = 0; i < 10; ++i) step(*simulation, scenario);
    done.arrive();
    reader.join();
    BOOST_TEST(same);
    BOOST_TEST(before != simulation->world().dump());
}

BOOST_AUTO_TEST_CASE(a_job_whose_host_function_runs_scripts_of_others_is_still_watched) {
    ScriptRunner inner, outer;
    ScriptRunnerOptions options;
    options.shared_workers =
        std::make_shared<Workers>(WorkersOptions{.threads = 1, .host_threads = true});
    inner.init(options);
    outer.add_function("inner", "run", [&] {
        inner.enqueue_script("for i = 1, 100 do end");
        inner.drain();
        return 1;
    });
    outer.init(options);
    FaultKind kind{};
    ScriptJob job;
    job.context = &kind;
    job.callback = [](void* context, const ScriptResult& result) {
        if (result.fault != nullptr) *static_cast<FaultKind*>(context) = result.fault->kind;
    };
    outer.enqueue_script("inner.run() while true do end", {}, job);
    outer.drain();
    BOOST_TEST((kind == FaultKind::budget));
}

BOOST_AUTO_TEST_CASE(too_many_who_share_are_refused_by_name) {
    const auto shared = std::make_shared<Workers>(WorkersOptions{.threads = 1});
    std::vector<std::unique_ptr<ScriptRunner>> runners;
    const auto add = [&] {
        runners.push_back(std::make_unique<ScriptRunner>());
        runners.back()->init(on(shared));
    };
    for (int i = 0; i < 63; ++i) add();
    const auto is_too_many = [](const Error& error) {
        return std::string(error.what()).find("at most 64") != std::string::npos;
    };
    {
        const auto last = start_on(shared);  // simulations are counted with runners
        BOOST_CHECK_EXCEPTION(add(), Error, is_too_many);
    }
    add();
    BOOST_CHECK_EXCEPTION(add(), Error, is_too_many);
    BOOST_CHECK_EXCEPTION(start_on(shared), Error, is_too_many);
    runners.clear();
    add();
}

BOOST_AUTO_TEST_CASE(beside_a_simulation_on_shared_workers_the_one_in_chaos_has_its_own) {
    SimulationOptions options{.workers = 2};
    options.shared_workers = std::make_shared<Workers>(WorkersOptions{.threads = 4});
    ChaosPair pair(load(melee()), options, 7);
    BOOST_TEST(pair.ordinary().workers() == 5u);
    BOOST_TEST(pair.in_chaos().workers() == 2u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_worked_off_by_who_enqueues_where_no_thread_runs_a_worker) {
    const auto shared =
        std::make_shared<Workers>(WorkersOptions{.threads = 1, .host_threads = true});
    ScriptRunnerOptions options = on(shared);
    options.queue_capacity = 4;
    ScriptRunner runner;
    runner.init(options);
    std::atomic<bool> enqueued{false};
    std::thread enqueueing([&] {
        for (int i = 0; i < 100; ++i) runner.enqueue_script("return 1");
        enqueued = true;
    });
    const auto began = std::chrono::steady_clock::now();
    while (!enqueued && std::chrono::steady_clock::now() - began < std::chrono::seconds(20))
        std::this_thread::yield();
    BOOST_TEST(enqueued);
    while (!enqueued) shared->run_worker(1);
    enqueueing.join();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
