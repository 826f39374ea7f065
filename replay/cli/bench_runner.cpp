// The bench of the ScriptRunner: what a small job costs its host, in time, memory and waiting.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory_resource>
#include <thread>
#include <vector>

#include "canon/error.hpp"
#include "canon/script_runner.hpp"
#include "cli/bench.hpp"
#include "script/bare_lua.hpp"

namespace canon::cli {
namespace {

constexpr const char* kTiny = "function jobs.tiny(number) return number + 1 end";
constexpr std::int64_t kJobs = 20'000;

// Told by callbacks on workers.
struct Count {
    std::atomic<std::int64_t> done{0};

    static void hear(void* context, const ScriptResult& result) {
        if (!result.ok()) throw Error("a job of the bench has failed");
        static_cast<Count*>(context)->done.fetch_add(1, std::memory_order_relaxed);
    }
    ScriptJob job() {
        ScriptJob job;
        job.delivery = ScriptJob::Delivery::worker;
        job.callback = hear;
        job.context = this;
        return job;
    }
    void wait(std::int64_t jobs) {
        while (done.load(std::memory_order_relaxed) < jobs) std::this_thread::yield();
        done = 0;
    }
};

struct Counting final : std::pmr::memory_resource {
    std::atomic<std::size_t> held{0};

    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        held += bytes;
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        held -= bytes;
        std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }
};

ScriptRunnerOptions options_of(unsigned workers) {
    ScriptRunnerOptions options;
    options.workers = workers;
    options.program = Program::from_modules({{"main", kTiny}});
    return options;
}

// Nothing runs before it is driven.
ScriptRunnerOptions idle_options() {
    ScriptRunnerOptions options = options_of(0);
    options.shared_workers =
        std::make_shared<Workers>(WorkersOptions{.threads = 1, .host_threads = true});
    return options;
}

Figure figure_of(const char* what, double value, const char* unit) {
    Figure figure;
    figure.bench = "runner";
    figure.what = what;
    figure.value = value;
    figure.unit = unit;
    return figure;
}

// How long it takes until all jobs that `enqueue` makes, one by one on this thread, are done.
template <class Enqueue>
void add_overhead(const BenchOptions& options, FigureSink& sink, script::BareLua& bare,
                  const char* what, Enqueue enqueue) {
    Count count;
    ScriptRunner runner;
    runner.init(options_of(1));
    const ScriptJob job = count.job();
    const Work through{[&] {
                           for (std::int64_t i = 0; i < kJobs; ++i) enqueue(runner, i, job);
                           count.wait(kJobs);
                       },
                       kJobs};
    const Work alone{[&] { bare.run(0, kJobs); }, kJobs};
    const Pairs pairs = measure(options.settings, TimedBy::wall, through, alone);
    Figure figure = figure_of(what, pairs.first_nanoseconds - pairs.second_nanoseconds, "ns");
    figure.bound = Figure::Bound::at_most;
    figure.limit = 1500;
    figure.raw = {{"through the runner ns", pairs.first_nanoseconds},
                  {"bare ns", pairs.second_nanoseconds}};
    figure.others = pairs.others;
    sink.add(figure);
}

void add_memory(FigureSink& sink) {
    constexpr std::size_t kQueued = 100'000;
    Counting memory;
    ScriptRunnerOptions options = idle_options();
    ScriptRunner runner;
    runner.init(options, &memory);
    for (std::size_t i = 0; i < kQueued; ++i)
        runner.enqueue_function("tiny", {static_cast<std::int64_t>(i)});
    Figure figure = figure_of("memory of a queued job, 100,000 of them",
                              static_cast<double>(memory.held) / kQueued, "bytes");
    figure.bound = Figure::Bound::at_most;
    figure.limit = 200;
    sink.add(figure);
    runner.deinit(ScriptRunner::Pending::cancel);
}

// Enqueueing alone: by one thread, then by eight at once.
void add_threads(const BenchOptions& options, FigureSink& sink) {
    constexpr int kThreads = 8;
    const auto enqueue_by = [](int threads) {
        const ScriptRunnerOptions settings = idle_options();
        ScriptRunner runner;
        runner.init(settings);
        std::vector<std::thread> all;
        for (int i = 0; i < threads; ++i)
            all.emplace_back([&runner, threads] {
                for (std::int64_t k = 0; k < 8 * kJobs / threads; ++k)
                    runner.enqueue_function("tiny", {k});
            });
        for (std::thread& thread : all) thread.join();
        if (runner.statistics().queued != 8 * kJobs) throw Error("the runner has lost jobs");
        runner.deinit(ScriptRunner::Pending::cancel);
    };
    const Pairs pairs = measure(options.settings, TimedBy::wall, {[&] { enqueue_by(1); }, 1},
                                {[&] { enqueue_by(kThreads); }, 1});
    Figure figure =
        figure_of("speed of enqueueing by eight threads / by one, none lost", pairs.ratio, "x");
    figure.raw = {{"one us", pairs.first_nanoseconds / 1000},
                  {"eight us", pairs.second_nanoseconds / 1000}};
    figure.others = pairs.others;
    sink.add(figure);
}

// How many jobs come between the moment when an important one is enqueued and its callback.
void add_wait(FigureSink& sink) {
    struct Order {
        std::int64_t seen = 0, most = 0;
    } order;
    const ScriptRunnerOptions settings = idle_options();
    ScriptRunner runner;
    runner.init(settings);
    ScriptJob low, high;
    low.delivery = high.delivery = ScriptJob::Delivery::worker;
    low.context = high.context = &order;
    low.priority = ScriptJob::Priority::low;
    high.priority = ScriptJob::Priority::high;
    low.callback = [](void* context, const ScriptResult&) { ++static_cast<Order*>(context)->seen; };
    high.callback = [](void* context, const ScriptResult&) {
        auto& all = *static_cast<Order*>(context);
        all.most = std::max(all.most, all.seen);
    };
    for (std::int64_t i = 0; i < 100'000; ++i) runner.enqueue_function("tiny", {i}, low);
    for (int i = 0; i < 1000; ++i) {
        order.seen = 0;
        runner.enqueue_function("tiny", {i}, high);
        settings.shared_workers->run_worker(1);
    }
    Figure figure = figure_of("jobs run before a high one behind 100,000 low ones",
                              static_cast<double>(order.most), "jobs");
    figure.bound = Figure::Bound::at_most;
    figure.limit = 32;  // a batch
    sink.add(figure);
    runner.deinit(ScriptRunner::Pending::cancel);
}

}  // namespace

void bench_runner(const BenchOptions& options, FigureSink& sink) {
    script::BareLua bare(kTiny, "tiny");
    add_overhead(options, sink, bare, "a function through queue and callback, above bare lua_pcall",
                 [](ScriptRunner& runner, std::int64_t i, const ScriptJob& job) {
                     runner.enqueue_function("tiny", {i}, job);
                 });
    add_overhead(options, sink, bare, "a text through queue and callback, above bare lua_pcall",
                 [](ScriptRunner& runner, std::int64_t i, const ScriptJob& job) {
                     runner.enqueue_script("local number = ... return number + 1", {i}, job);
                 });
    add_memory(sink);
    add_threads(options, sink);
    add_wait(sink);
}

}  // namespace canon::cli
