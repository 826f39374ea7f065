// ScriptRunner: runs Lua on worker threads for a host that has no Canon world: "run this text with
// these arguments and give me the result".
//
// Each job starts from the same pristine Lua state (strict Lua: no clock, files or addresses),
// whatever ran before it. A job ends in just one result: its values, a Fault, or cancelled.
//
//   canon::ScriptRunner runner;
//   runner.init({});
//   canon::ScriptJob job;
//   job.callback = [](void*, const canon::ScriptResult& result) { use(result.value(0)); };
//   runner.enqueue_script("local a, b = ... return a + b", {1, 2}, job);
//   runner.drain();
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/fault.hpp"
#include "canon/host_function.hpp"
#include "canon/ids.hpp"
#include "canon/program.hpp"
#include "canon/sandbox.hpp"
#include "canon/simulation.hpp"
#include "canon/value.hpp"
#include "canon/workers.hpp"

namespace canon {

/// What a script's job ends in; valid during the callback, or as long as its handle.
struct ScriptResult {
    enum class Outcome : std::uint8_t { done, faulted, cancelled };

    JobId job;
    Outcome outcome = Outcome::done;
    std::span<const std::uint8_t> values;  ///< canonical bytes of what the script returned
    std::uint32_t count = 0;               ///< how many values these are
    const Fault* fault = nullptr;          ///< not null if faulted
    unsigned worker = 0;                   ///< that ran it last
    std::uint64_t sequence = 0;            ///< the stamp: counts enqueued jobs, from 1
    std::int64_t waited_nanoseconds = 0;   ///< from enqueue to the first run; 0 unless asked for
    std::int64_t ran_nanoseconds = 0;      ///< in all its runs; 0 unless asked for
    std::int64_t instructions = 0;         ///< of Lua, in all its runs; 0 unless asked for

    bool ok() const noexcept { return outcome == Outcome::done; }
    /// One of the values, or nil where there is none.
    Value value(std::uint32_t index = 0) const;
};

/// Must not throw; what it throws is caught and told to ScriptHost::callback_failed.
using ScriptCallback = void (*)(void* context, const ScriptResult& result);

/// Arguments as canonical bytes, made once and never copied again.
class Arguments {
  public:
    Arguments() = default;
    /// Fails: throws canon::Error for a value that nests too deeply.
    Arguments(std::initializer_list<Value> values) {
        for (const Value& value : values) add(value);
    }
    Arguments& add(const Value& value) {
        write_value(bytes_, value);
        ++count_;
        return *this;
    }
    Arguments& add(std::string_view text) {
        bytes_.put(static_cast<std::uint8_t>(Tag::string));
        bytes_.put_string(text);
        ++count_;
        return *this;
    }
    std::span<const std::uint8_t> bytes() const noexcept { return bytes_.view(); }
    std::uint32_t count() const noexcept { return count_; }

  private:
    Bytes bytes_;
    std::uint32_t count_ = 0;
};

/// Waits for one job from any thread. Outlives the runner.
class ScriptHandle {
  public:
    ScriptHandle() = default;
    /// False if the time is over before the job has ended. The workers must run: a thread that
    /// drives one must not wait.
    bool wait_for(std::chrono::nanoseconds time) const;
    void wait() const;
    bool ready() const;
    /// Call: when ready.
    const ScriptResult& result() const;
    explicit operator bool() const noexcept { return state_ != nullptr; }

    struct State;

  private:
    friend class ScriptRunner;
    std::shared_ptr<State> state_;
};

struct ScriptJob {
    enum class Delivery : std::uint8_t {
        main,    ///< in drain(), on the thread that calls it, in the order of enqueueing
        worker,  ///< at once, on the worker that ran it
    };
    enum class Priority : std::uint8_t { high, normal, low };

    Delivery delivery = Delivery::main;
    Priority priority = Priority::normal;
    ScriptCallback callback = nullptr;  ///< null: nobody is told
    /// Never looked at; must live until the callback, or until `forget` of it.
    void* context = nullptr;
    /// Instead of a callback: receives a handle to wait on.
    ScriptHandle* handle = nullptr;
    /// Of math.random, with the runner's seed; 0: the job's sequence.
    std::uint64_t random_key = 0;
};

/// What scripts ask of a host that has no Canon world. All are called in drain(), on its thread, in
/// canonical order: by job, then by the order in which the job asked. A job that faults has asked
/// for nothing since it was last answered.
class ScriptHost {
  public:
    virtual ~ScriptHost();
    /// `function`: "script", "jobs.think". Prints to stderr by default.
    virtual void log(LogLevel level, std::string_view function, std::string_view text);
    /// `id` is what the script was given: unique in this runner, ascending with jobs.
    /// Fails: what it throws is logged.
    virtual void spawn_entity(EntityId id, std::string_view template_name, const Map& fields);
    /// Fails: what it throws is logged.
    virtual void post(const Key& function, const Value& data);
    /// The answer to engine.call.
    /// Fails: what it throws is raised in the script, with its text.
    virtual Value call(const Key& function, const Value& data);
    /// A callback has thrown. Prints to stderr by default.
    virtual void callback_failed(JobId job, std::string_view what);
};

struct ScriptRunnerOptions {
    /// Threads; the thread that calls drain() helps there. 0: all cores but one.
    unsigned workers = 0;
    /// Not null: these run its jobs, and `workers` is not looked at. For threads with names, stacks
    /// and processors of the host's choosing, threads of the host's own, or the simulation's.
    std::shared_ptr<Workers> shared_workers = {};

    std::size_t queue_capacity = 1 << 18;  ///< jobs that wait to be run
    enum class WhenFull : std::uint8_t {
        block,     ///< enqueue waits; the thread of drain() runs jobs meanwhile
        refuse,    ///< enqueue returns JobId 0
        run_here,  ///< enqueue runs the oldest job on this thread, if it can have a worker's place
    } when_full = WhenFull::block;

    std::shared_ptr<const Program> program;  ///< modules to `require`, and `jobs` by name; or null
    ScriptHost* host = nullptr;              ///< null: asking is an error in the script
    Limits limits;
    std::uint64_t seed = 1;
    bool measure_times = false;
    /// Counts each job's instructions, which makes Lua about half as fast.
    bool count_instructions = false;
    /// `strict` or `view`.
    Sandbox sandbox = {};
    /// After a job that held more than this above the program, its worker gives that memory back to
    /// the system.
    std::size_t trim_bytes = 16 << 20;
    /// Calls each pure host function twice; other results the second time are an error in the
    /// script. For tests.
    bool check_purity = false;
};

struct ScriptRunnerStatistics {
    struct Worker {
        std::uint64_t jobs = 0;  ///< that ended
        std::uint64_t faults = 0;
        std::uint64_t counted = 0;     ///< runs made again, counted
        std::uint64_t restores = 0;    ///< of the pristine state, and of stopped jobs
        std::int64_t nanoseconds = 0;  ///< in scripts; 0 unless times are measured
        std::size_t hot_pages = 0;     ///< of the image: what a restore copies
        std::uint64_t peak_bytes = 0;  ///< the most that a job held above the program
    };
    struct Function {
        std::string name;        ///< "jobs.think"; "script": all texts
        std::uint64_t jobs = 0;  ///< that ended
        std::uint64_t faults = 0;
        std::int64_t nanoseconds = 0;  ///< 0 unless times are measured
        std::uint64_t peak_bytes = 0;  ///< the most that a job of it held above the program
    };
    std::vector<Function> functions;  ///< of the program, then "script"
    std::vector<Worker> workers;      ///< 0: the thread of drain()
    std::size_t queued = 0;
    std::size_t waiting = 0;  ///< stopped in engine.call
    std::uint64_t enqueued = 0;
    std::uint64_t refused = 0;
    std::uint64_t callbacks_failed = 0;
    std::size_t image_bytes = 0;
};

class ScriptRunner {
  public:
    ScriptRunner();
    /// As deinit(Pending::cancel).
    ~ScriptRunner();
    ScriptRunner(const ScriptRunner&) = delete;
    ScriptRunner& operator=(const ScriptRunner&) = delete;

    /// Gives scripts `module.name(...)`; see canon/host_function.hpp for types and errors.
    /// Fails: throws canon::Error if the name is no identifier or taken, or while the runner runs.
    template <class Function>
    void add_function(std::string module, std::string name, Function function,
                      std::vector<std::string> parameters = {}, Purity purity = Purity::pure) {
        add_function(host_function(std::move(module), std::move(name), std::move(function),
                                   std::move(parameters), purity));
    }
    void add_function(HostFunction function);

    /// Loads the program into each worker and starts the threads. `memory` holds jobs, their
    /// arguments, results and handles, and compiled texts; it must be thread-safe and outlive the
    /// runner and its handles. Lua heaps are mapped from the system, see docs/EMBEDDING.md.
    /// Fails: throws canon::Error for a program that cannot be loaded or a thread that cannot be
    /// started; the runner is then as it was.
    /// Call: once, or again after deinit.
    void init(const ScriptRunnerOptions& options,
              std::pmr::memory_resource* memory = std::pmr::get_default_resource());

    enum class Pending : std::uint8_t {
        finish,  ///< all that is queued or waits for an answer runs to its end, callbacks included
        cancel,  ///< what has not ended is cancelled, running jobs are stopped
    };
    /// Each job that was accepted has had its callback when this returns; those for the main thread
    /// are called here.
    /// Call: the thread of drain(), not from a callback.
    void deinit(Pending pending);

    /// Runs a Lua text; its arguments are `...`. A text sent twice is compiled once. A text that is
    /// no Lua, or larger than 16 MiB, ends in a Fault like any other error.
    /// Returns the job's id; 0 if the runner is not there (any more) or the queue is full and
    /// `when_full` says refuse: nobody is told then.
    /// Fails: throws canon::Error if 16 million jobs wait to be run or for drain().
    /// Call: any thread, callbacks too.
    JobId enqueue_script(std::string_view text, const Arguments& arguments = {},
                         const ScriptJob& job = {});
    /// Runs `jobs[name]` of the program; a name that it does not have ends in a Fault.
    JobId enqueue_function(std::string_view name, const Arguments& arguments = {},
                           const ScriptJob& job = {});

    /// A job that has not ended ends as cancelled, as soon as it can be stopped: queued and waiting
    /// ones at once, a running one within some milliseconds. False if it has ended already.
    /// Call: any thread.
    bool cancel(JobId job);

    /// For a context that goes before its jobs: they are cancelled, and none of their callbacks is
    /// under way or will come when this returns, but for one that calls this.
    /// Call: any thread.
    void forget(const void* context);

    /// The barrier: runs all jobs for the main thread that were enqueued before this call to their
    /// end, this thread helping; round after round, what they ask for is given to the host and
    /// their calls are answered; then their results are delivered, in the order of their sequence.
    /// Calls of other jobs that wait are answered, too. What callbacks enqueue is for the next
    /// drain. Call: one thread at a time, not from a callback; now and then even if no job is for
    /// the main thread, since what scripts log and ask for is kept until then.
    void drain();

    ScriptRunnerStatistics statistics() const;

  private:
    class Inside;
    std::vector<HostFunction> functions_;
    mutable std::shared_mutex life_;  // held by all calls; alone by init and by the end of deinit
    std::unique_ptr<Inside> inside_;
};

}  // namespace canon
