#include "canon/script_runner.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>

#include "canon/hash.hpp"
#include "core/fixed_environment.hpp"
#include "jobs/script_queue.hpp"
#include "jobs/worker_pool.hpp"
#include "script/action.hpp"
#include "script/compiler.hpp"
#include "script/host_functions.hpp"
#include "script/watch.hpp"

namespace canon {

using jobs::ScriptExtra;
using jobs::ScriptQueue;
using jobs::ScriptRecord;
using jobs::ScriptText;
using script::Operation;
using script::Run;
using script::RunStatus;
using State = ScriptRecord::State;
using Outcome = ScriptResult::Outcome;

struct ScriptHandle::State {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    ScriptResult result;
    Bytes values;
    Fault fault;
};

Value ScriptResult::value(std::uint32_t index) const {
    Value value;
    if (index >= count) return value;
    ByteReader in(values);
    for (std::uint32_t i = 0; i < index; ++i) in.skip_value();
    CANON_ASSERT(read_value(in, value), "what a script returned is canonical");
    return value;
}

bool ScriptHandle::ready() const {
    std::lock_guard lock(state_->mutex);
    return state_->ready;
}

bool ScriptHandle::wait_for(std::chrono::nanoseconds time) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, time, [&] { return state_->ready; });
}

void ScriptHandle::wait() const {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->ready; });
}

const ScriptResult& ScriptHandle::result() const {
    CANON_ASSERT(ready(), "a handle has a result when it is ready");
    return state_->result;
}

// ---- what a host without an own ScriptHost gets ----

ScriptHost::~ScriptHost() = default;

void ScriptHost::log(LogLevel level, std::string_view function, std::string_view text) {
    static constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};
    std::fprintf(stderr, "canon: %s: %.*s: %.*s\n", kLevels[static_cast<int>(level)],
                 static_cast<int>(function.size()), function.data(), static_cast<int>(text.size()),
                 text.data());
}

void ScriptHost::spawn_entity(EntityId, std::string_view template_name, const Map&) {
    throw Error("this host spawns no entities: '" + std::string(template_name) + "'");
}

void ScriptHost::post(const Key& function, const Value&) {
    throw Error("this host has no function " + (function.is_integer()
                                                    ? std::to_string(function.as_integer())
                                                    : "'" + function.as_string() + "'"));
}

Value ScriptHost::call(const Key& function, const Value& data) {
    post(function, data);
    return {};
}

void ScriptHost::callback_failed(JobId job, std::string_view what) {
    std::fprintf(stderr, "canon: the callback of job %lld has thrown: %.*s\n",
                 static_cast<long long>(job.value), static_cast<int>(what.size()), what.data());
}

// ---- the runner ----

namespace {

constexpr std::size_t kMaxBatch = 32;
constexpr std::size_t kMaxCachedText = 32 << 20;

std::int64_t clock_now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

// Null where `callback` returned; what it has thrown otherwise.
template <class Callback>
bool succeeds(Callback callback, std::string& what) {
    try {
        callback();
        return true;
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "something that is no std::exception";
    }
    return false;
}

Key read_key(ByteReader& in) {
    Value value;
    CANON_ASSERT(read_value(in, value), "actions are canonical");
    if (value.type() == Value::Type::integer) return Key(value.as_integer());
    return Key(value.as_string());
}

Value read_data(ByteReader& in) {
    Value value;
    CANON_ASSERT(read_value(in, value), "actions are canonical");
    return value;
}

// Of a job that cannot be begun.
Fault refused(const ScriptRecord& record) {
    Fault fault;
    fault.in_job = true;
    if (record.text == nullptr) {
        fault.function = "jobs";
        fault.message = "the program has no function of this name in `jobs`";
        return fault;
    }
    fault.function = "script";
    fault.message = record.text->problem;
    if (std::sscanf(fault.message.c_str(), "script:%d:", &fault.line) == 1) fault.chunk = "script";
    return fault;
}

}  // namespace

class ScriptRunner::Inside final : private jobs::IdleWork {
  public:
    Inside(const ScriptRunnerOptions& options, const std::vector<HostFunction>& functions,
           std::pmr::memory_resource* memory);
    ~Inside();

    JobId enqueue(std::string_view text, std::string_view function, const Arguments& arguments,
                  const ScriptJob& job);
    bool cancel(JobId job);
    void drain(bool everything);
    void close(Pending pending);
    bool run_worker(unsigned worker);
    ScriptRunnerStatistics statistics() const;

  private:
    // Written by the worker, read by anybody.
    struct FunctionCount {
        std::atomic<std::uint64_t> jobs{0}, faults{0};
        std::atomic<std::int64_t> nanoseconds{0};
    };
    struct alignas(64) PerWorker {
        std::vector<FunctionCount> functions;  // the last one: texts
        std::mutex place;                      // held by the thread that is this worker now
        std::deque<ScriptRecord*> resuming;
        std::vector<ScriptRecord*> batch;
        std::vector<ScriptRecord*> ended;           // of the batch
        ScriptRunnerStatistics::Worker statistics;  // of the thread that has the place
        ScriptRunnerStatistics::Worker published;   // under the lock
    };

    bool work_idle(unsigned worker) override;
    bool run_batch(unsigned worker);
    void run(unsigned worker, ScriptRecord* record);
    void run_script(unsigned worker, ScriptRecord* record);
    void tell(ScriptRecord* record, unsigned worker, std::span<const std::uint8_t> values,
              const Fault* fault);
    ScriptResult result_of(const ScriptRecord& record, unsigned worker) const;
    void settle(PerWorker& mine);
    void stop_record(ScriptRecord* record);
    ScriptText* text_for(std::string_view source);
    bool wait_for_room(std::unique_lock<std::mutex>& lock);
    std::size_t active(int epoch, bool everything) const noexcept;
    bool help();
    void commit(ScriptRecord* record, std::vector<ScriptRecord*>& ended);
    void deliver(ScriptRecord* record);
    void apply(ScriptRecord* record);
    template <class Call>
    void answer(Bytes& out, Call call);
    void report_callbacks();

    ScriptRunnerOptions options_;
    std::vector<HostFunction> functions_;
    std::pmr::memory_resource* memory_;
    ScriptHost default_host_;
    ScriptHost* host_;
    std::unique_ptr<jobs::WorkerPool> pool_;
    std::vector<std::uint64_t> function_keys_;
    std::vector<PerWorker> workers_;

    std::shared_mutex texts_mutex_;
    std::unordered_map<std::uint64_t, std::vector<std::unique_ptr<ScriptText>>> texts_;
    std::size_t text_bytes_ = 0;
    ScriptText too_large_;
    std::uint64_t script_key_ = 0;

    mutable std::mutex mutex_;  // of all that follows
    std::condition_variable room_;
    std::condition_variable progress_;
    ScriptQueue queue_;
    bool accepting_ = true;
    int epoch_ = 0;                  // of what is enqueued for the main thread now
    std::size_t for_main_[2] = {0};  // by epoch: jobs that a drain must wait for
    std::size_t for_others_ = 0;
    jobs::ScriptList stopped_;
    jobs::ScriptList ended_;  // with something to do in drain
    std::size_t waiting_ = 0;
    std::uint64_t enqueued_ = 0, refused_ = 0, callbacks_failed_ = 0;
    std::vector<std::pair<JobId, std::string>> failed_callbacks_;

    static inline thread_local const Inside* in_callback_ = nullptr;
};

ScriptRunner::Inside::Inside(const ScriptRunnerOptions& options,
                             const std::vector<HostFunction>& functions,
                             std::pmr::memory_resource* memory)
    : options_(options),
      functions_(functions),
      memory_(memory),
      host_(options.host != nullptr ? options.host : &default_host_),
      queue_(memory) {
    too_large_.problem = "the script's text is larger than 16 MiB";
    if (options_.queue_capacity == 0) throw Error("a queue of no jobs: queue_capacity is 0");
    unsigned threads = options_.workers;
    if (threads == 0) threads = std::max(std::thread::hardware_concurrency(), 2u) - 1;
    if (threads > 1023) throw Error("at most 1023 workers, not " + std::to_string(threads));
    if (options_.program == nullptr) options_.program = Program::from_modules({{"main", ""}});
    script::Vm::Setup setup;
    setup.program = options_.program;
    setup.limits.job_instructions = options_.limits.job_instructions;
    setup.limits.memory_bytes = options_.limits.memory_bytes;
    setup.limits.work = options_.limits.library_work;
    setup.limits.collect_bytes = options_.limits.collect_bytes;
    setup.engine = script::Vm::Setup::Engine::runner;
    setup.host_functions = &functions_;
    setup.check_purity = options_.check_purity;
    workers_ = std::vector<PerWorker>(threads + 1);
    {
        const FixedEnvironment environment;
        pool_ = std::make_unique<jobs::WorkerPool>(
            jobs::WorkerOptions{.count = threads + 1,
                                .host_threads = options_.host_threads,
                                .thread_name = options_.thread_name,
                                .stack_bytes = options_.stack_bytes,
                                .processors = options_.processors},
            setup);
    }
    const auto key = [&](std::string_view name) {
        Hasher hasher;
        hasher.update_integer(options_.seed);
        hasher.update_string(name);
        return hasher.digest();
    };
    for (const std::string& name : pool_->vm(0).functions().jobs)
        function_keys_.push_back(key(name));
    script_key_ = key("");
    for (PerWorker& worker : workers_)
        worker.functions = std::vector<FunctionCount>(function_keys_.size() + 1);
    pool_->set_idle_work(this);
}

ScriptRunner::Inside::~Inside() { pool_->set_idle_work(nullptr); }

// ---- texts ----

// With one use counted.
ScriptText* ScriptRunner::Inside::text_for(std::string_view source) {
    if (source.size() > script::kMaxSource) {
        ++too_large_.uses;
        return &too_large_;
    }
    const std::uint64_t hash =
        hash_bytes({reinterpret_cast<const std::uint8_t*>(source.data()), source.size()});
    const auto find = [&]() -> ScriptText* {
        const auto same = texts_.find(hash);
        if (same == texts_.end()) return nullptr;
        for (const auto& text : same->second)
            if (text->source == source) {
                text->uses.fetch_add(1);
                return text.get();
            }
        return nullptr;
    };
    {
        std::shared_lock lock(texts_mutex_);
        if (ScriptText* const text = find()) return text;
    }
    auto text = std::make_unique<ScriptText>();
    text->source = source;
    text->problem = script::compile(source, "script", text->code);
    text->uses = 1;
    std::lock_guard lock(texts_mutex_);
    if (ScriptText* const other = find()) return other;  // another thread was as quick
    ScriptText* const made = text.get();
    text_bytes_ += made->source.size() + made->code.size();
    texts_[hash].push_back(std::move(text));
    if (text_bytes_ > kMaxCachedText)
        for (auto at = texts_.begin(); at != texts_.end();) {
            std::erase_if(at->second, [&](const auto& old) {
                if (old->uses != 0) return false;
                text_bytes_ -= old->source.size() + old->code.size();
                return true;
            });
            at = at->second.empty() ? texts_.erase(at) : std::next(at);
        }
    return made;
}

// ---- enqueueing ----

// False where the job is not to be taken.
bool ScriptRunner::Inside::wait_for_room(std::unique_lock<std::mutex>& lock) {
    while (accepting_ && queue_.queued() >= options_.queue_capacity) {
        if (options_.when_full == ScriptRunnerOptions::WhenFull::refuse) {
            ++refused_;
            return false;
        }
        // A callback that waited could wait for itself.
        if (in_callback_ == this) return true;
        const bool runs =
            options_.when_full == ScriptRunnerOptions::WhenFull::run_here || options_.host_threads;
        if (runs && workers_[0].place.try_lock()) {
            lock.unlock();
            {
                const FixedEnvironment environment;
                const script::Watch watch;
                run_batch(0);
            }
            workers_[0].place.unlock();
            lock.lock();
            continue;
        }
        room_.wait(lock);
    }
    return accepting_;
}

JobId ScriptRunner::Inside::enqueue(std::string_view text, std::string_view function,
                                    const Arguments& arguments, const ScriptJob& job) {
    struct GiveBack {
        void operator()(ScriptText* text) const noexcept { --text->uses; }
    };
    std::unique_ptr<ScriptText, GiveBack> compiled(function.empty() ? text_for(text) : nullptr);
    std::shared_ptr<ScriptHandle::State> handle;
    if (job.handle != nullptr)
        handle = std::allocate_shared<ScriptHandle::State>(
            std::pmr::polymorphic_allocator<ScriptHandle::State>(memory_));
    std::unique_lock lock(mutex_);
    if (!wait_for_room(lock)) return {};
    ScriptRecord* const record = queue_.make(arguments);
    record->text = compiled.release();
    if (record->text == nullptr) record->function = pool_->vm(0).functions().find_job(function);
    record->callback = job.callback;
    record->context = job.context;
    record->priority = job.priority;
    record->random_key = job.random_key != 0 ? job.random_key : record->sequence();
    record->for_main = job.delivery == ScriptJob::Delivery::main && job.handle == nullptr;
    record->epoch = static_cast<std::uint8_t>(epoch_);
    if (job.handle != nullptr) job.handle->state_ = record->handle = std::move(handle);
    if (options_.measure_times) record->enqueued = clock_now();
    ++(record->for_main ? for_main_[record->epoch] : for_others_);
    ++enqueued_;
    const JobId id{record->id};
    queue_.push(record);
    lock.unlock();
    pool_->wake_one();
    return id;
}

bool ScriptRunner::Inside::cancel(JobId id) {
    std::lock_guard lock(mutex_);
    ScriptRecord* const record = queue_.find(id);
    if (record == nullptr) return false;
    if (record->decide(ScriptRecord::Fate::cancelled)) stop_record(record);
    return record->is_cancelled();
}

// Under the lock, of a record that has just been cancelled.
void ScriptRunner::Inside::stop_record(ScriptRecord* record) {
    switch (record->state) {
        case State::queued:
            queue_.unlink(record);
            queue_.push_cancelled(record);
            break;
        case State::stopped:
            stopped_.remove(record);
            --waiting_;
            ++(record->for_main ? for_main_[record->epoch] : for_others_);
            queue_.push_cancelled(record);
            break;
        case State::running:
            pool_->vm(record->worker).context().cancelled_job.store(record->id);
            break;
        case State::resuming:  // seen when it would go on
        case State::ended:
        case State::free:
            return;
    }
    pool_->wake_one();
}

// ---- running ----

bool ScriptRunner::Inside::work_idle(unsigned worker) {
    std::unique_lock place(workers_[worker].place, std::try_to_lock);
    return place.owns_lock() && run_batch(worker);
}

bool ScriptRunner::Inside::run_worker(unsigned worker) {
    CANON_ASSERT(worker >= 1 && worker < workers_.size(), "workers count from 1");
    return pool_->run_worker(worker);
}

// Call: with the worker's place.
bool ScriptRunner::Inside::run_batch(unsigned worker) {
    PerWorker& mine = workers_[worker];
    mine.batch.clear();
    {
        std::lock_guard lock(mutex_);
        while (!mine.resuming.empty() && mine.batch.size() < kMaxBatch) {
            mine.batch.push_back(mine.resuming.front());
            mine.resuming.pop_front();
        }
        const std::size_t fair = queue_.queued() / (2 * workers_.size()) + 1;
        if (mine.batch.empty()) queue_.take(std::min(fair, kMaxBatch), mine.batch);
        for (ScriptRecord* record : mine.batch) {
            record->goes_on = record->state == State::resuming;
            record->state = State::running;
            record->worker = static_cast<std::uint16_t>(worker);
        }
        if (queue_.queued() < options_.queue_capacity) room_.notify_all();
    }
    if (mine.batch.empty()) return false;
    script::Vm& vm = pool_->vm(worker);
    vm.begin_batch();
    {
        // Callbacks and host functions may enqueue, but must not wait for this very thread.
        const Inside* const outer = std::exchange(in_callback_, this);
        for (ScriptRecord* record : mine.batch) run(worker, record);
        in_callback_ = outer;
    }
    mine.statistics.hot_pages = vm.image().hot_pages();
    mine.statistics.counted = vm.counted_runs();
    mine.statistics.peak_bytes = std::max(mine.statistics.peak_bytes, vm.arena().state().peak);
    settle(mine);
    return true;
}

void ScriptRunner::Inside::run(unsigned worker, ScriptRecord* record) {
    // In this order: who cancels from here on either is seen below or sees the job in the VM.
    pool_->vm(worker).context().host_job.store(record->id);
    if (!record->is_cancelled()) return run_script(worker, record);
    pool_->vm(worker).context().host_job.store(0);
    record->outcome = Outcome::cancelled;
    if (!record->for_main) tell(record, worker, {}, nullptr);
    workers_[worker].ended.push_back(record);
}

void ScriptRunner::Inside::run_script(unsigned worker, ScriptRecord* record) {
    PerWorker& mine = workers_[worker];
    script::Vm& vm = pool_->vm(worker);
    script::VmContext& context = vm.context();
    context.actions.clear();
    context.log.clear();
    context.world = nullptr;
    const std::int64_t began = options_.measure_times ? clock_now() : 0;
    RunStatus status = RunStatus::failed;
    Fault* fault = nullptr;
    Fault own;
    if (record->goes_on) {
        context.answer = record->extra->answer.view();
        status = vm.go_on(record->extra->stopped);
    } else if (record->text != nullptr ? !record->text->problem.empty()
                                       : record->function == kNone) {
        own = refused(*record);
        fault = &own;
    } else {
        Run run;
        if (record->text != nullptr) {
            run.chunk = record->text->code.view();
            run.random_key = script_key_;
        } else {
            run.function = record->function;
            run.random_key = function_keys_[record->function];
        }
        run.random_stream = record->random_key;
        run.results = Run::Results::all;
        run.argument = Run::Argument::values;
        run.values = record->argument_view();
        run.value_count = record->argument_count;
        run.first_entity = static_cast<std::int64_t>(record->sequence()) *
                           static_cast<std::int64_t>(options_.limits.ids_per_job);
        run.end_entity = run.first_entity + options_.limits.ids_per_job;
        if (options_.measure_times) record->waited = began - record->enqueued;
        status = vm.run(run);
    }
    if (options_.measure_times) record->ran += clock_now() - began;
    if (status == RunStatus::failed && fault == nullptr) fault = &vm.fault();

    context.host_job.store(0);
    const bool stopped = status == RunStatus::stopped;
    // A stopped job may still be cancelled; an ended one is settled.
    const bool cancelled =
        stopped ? record->is_cancelled() : !record->decide(ScriptRecord::Fate::settled);
    if (cancelled) {
        record->outcome = Outcome::cancelled;
        if (!record->for_main) tell(record, worker, {}, nullptr);
        mine.ended.push_back(record);
        return;
    }
    if (record->extra == nullptr &&
        (stopped || record->for_main || !context.actions.empty() || !context.log.empty())) {
        std::lock_guard lock(mutex_);
        record->extra = queue_.make_extra();
    }
    ScriptExtra* const extra = record->extra;
    if (extra != nullptr) {
        extra->actions.clear();
        extra->actions.append(context.actions.view());
        extra->log.clear();
        extra->log.append(context.log.view());
    }
    if (stopped) {
        vm.put_aside(extra->stopped);
        // Its arguments lie in the record, which stays where it is.
        std::lock_guard lock(mutex_);
        if (record->is_cancelled()) {
            queue_.push_cancelled(record);
        } else {
            record->state = State::stopped;
            stopped_.push_back(record);
            ++waiting_;
            --(record->for_main ? for_main_[record->epoch] : for_others_);
        }
        progress_.notify_all();
        return;
    }
    ++mine.statistics.jobs;
    record->outcome = status == RunStatus::done ? Outcome::done : Outcome::faulted;
    if (record->text != nullptr || record->function != kNone) {
        FunctionCount& count =
            mine.functions[record->text != nullptr ? function_keys_.size() : record->function];
        count.jobs.fetch_add(1, std::memory_order_relaxed);
        if (fault != nullptr) count.faults.fetch_add(1, std::memory_order_relaxed);
        if (record->ran != 0) count.nanoseconds.fetch_add(record->ran, std::memory_order_relaxed);
    }
    if (fault != nullptr) {
        ++mine.statistics.faults;
        fault->stamp.frame.value = 0;
        fault->stamp.job = static_cast<std::uint32_t>(record->sequence());
    }
    const std::span<const std::uint8_t> values =
        fault == nullptr ? vm.result().view() : std::span<const std::uint8_t>();
    record->value_count = fault == nullptr ? vm.result_count() : 0;
    if (record->for_main) {
        extra->values.clear();
        extra->values.append(values);
        if (fault != nullptr) extra->fault = *fault;
    } else {
        tell(record, worker, values, fault);
    }
    mine.ended.push_back(record);
}

ScriptResult ScriptRunner::Inside::result_of(const ScriptRecord& record, unsigned worker) const {
    ScriptResult result;
    result.job = {record.id};
    result.outcome = record.outcome;
    result.count = record.outcome == Outcome::done ? record.value_count : 0;
    result.worker = worker;
    result.sequence = record.sequence();
    result.waited_nanoseconds = record.waited;
    result.ran_nanoseconds = record.ran;
    return result;
}

// Callback and handle. On the worker, or in drain.
void ScriptRunner::Inside::tell(ScriptRecord* record, unsigned worker,
                                std::span<const std::uint8_t> values, const Fault* fault) {
    record->told = true;
    ScriptResult result = result_of(*record, worker);
    result.values = values;
    result.fault = fault;
    if (record->handle != nullptr) {
        ScriptHandle::State& state = *record->handle;
        std::lock_guard lock(state.mutex);
        state.values.append(values);
        if (fault != nullptr) state.fault = *fault;
        state.result = result;
        state.result.values = state.values.view();
        state.result.fault = fault != nullptr ? &state.fault : nullptr;
        state.ready = true;
        state.changed.notify_all();
    }
    if (record->callback == nullptr) return;
    const Inside* const outer = in_callback_;
    in_callback_ = this;
    std::string what;
    if (!succeeds([&] { record->callback(record->context, result); }, what)) {
        std::lock_guard lock(mutex_);
        ++callbacks_failed_;
        failed_callbacks_.emplace_back(result.job, std::move(what));
    }
    in_callback_ = outer;
}

// Jobs of a batch that will not run again.
void ScriptRunner::Inside::settle(PerWorker& mine) {
    std::lock_guard lock(mutex_);
    for (ScriptRecord* record : mine.ended) {
        if (--(record->for_main ? for_main_[record->epoch] : for_others_) == 0)
            progress_.notify_all();
        const bool has_more = !record->is_cancelled() && record->extra != nullptr &&
                              (!record->extra->actions.empty() || !record->extra->log.empty());
        if (record->for_main || has_more) {
            record->state = State::ended;
            ended_.push_back(record);
        } else {
            queue_.release(record);
        }
    }
    mine.ended.clear();
    mine.published = mine.statistics;
}

// ---- the barrier ----

std::size_t ScriptRunner::Inside::active(int epoch, bool everything) const noexcept {
    return everything ? for_main_[0] + for_main_[1] + for_others_ : for_main_[epoch];
}

// Runs a batch as a worker that nobody is just now. False if there was nothing to do.
bool ScriptRunner::Inside::help() {
    const FixedEnvironment environment;
    const script::Watch watch;
    if (run_batch(0)) return true;
    if (!options_.host_threads) return false;
    // Answered jobs go on in the VM that they stopped in.
    for (unsigned worker = 1; worker < workers_.size(); ++worker)
        if (work_idle(worker)) return true;
    return false;
}

void ScriptRunner::Inside::drain(bool everything) {
    if (in_callback_ == this) throw Error("drain() was called from a callback");
    std::unique_lock place(workers_[0].place);
    std::unique_lock lock(mutex_);
    const int epoch = epoch_;
    epoch_ ^= 1;
    std::vector<ScriptRecord*> round, ended;
    const auto by_id = [](const ScriptRecord* a, const ScriptRecord* b) { return a->id < b->id; };
    // Jobs for others are looked at once: a stream of them would hold this up for ever.
    bool others = true;
    const auto belongs = [&](const ScriptRecord* record) {
        return everything || (record->for_main ? record->epoch == epoch : others);
    };
    const auto gather = [&](jobs::ScriptList& list) {
        for (ScriptRecord *record = list.first(), *next; record != nullptr; record = next) {
            next = record->next;
            if (!belongs(record)) continue;
            list.remove(record);
            round.push_back(record);
        }
    };
    while (true) {
        while (active(epoch, everything) != 0) {
            lock.unlock();
            const bool did = help();
            lock.lock();
            if (did || active(epoch, everything) == 0) continue;
            // Another thread has what is left; a short wait covers what comes in between.
            progress_.wait_for(lock, std::chrono::milliseconds(1));
        }
        round.clear();
        gather(stopped_);
        const std::size_t calls = round.size();
        waiting_ -= calls;
        gather(ended_);
        others = false;
        if (round.empty()) break;
        for (std::size_t i = 0; i < calls; ++i) round[i]->state = State::resuming;
        std::sort(round.begin(), round.end(), by_id);
        lock.unlock();
        for (ScriptRecord* record : round) commit(record, ended);
        lock.lock();
    }
    lock.unlock();
    std::sort(ended.begin(), ended.end(), by_id);
    for (ScriptRecord* record : ended) deliver(record);
    report_callbacks();
}

// One job's round: what it asked for, then its call's answer or its end.
void ScriptRunner::Inside::commit(ScriptRecord* record, std::vector<ScriptRecord*>& ended) {
    apply(record);
    if (record->state != State::resuming) return ended.push_back(record);
    std::lock_guard lock(mutex_);
    ++(record->for_main ? for_main_[record->epoch] : for_others_);
    workers_[record->worker].resuming.push_back(record);
    pool_->wake();
}

void ScriptRunner::Inside::deliver(ScriptRecord* record) {
    if (!record->told) {
        ScriptExtra* const extra = record->extra;
        const bool done = record->outcome == Outcome::done;
        const bool faulted = record->outcome == Outcome::faulted;
        tell(record, record->worker,
             done && extra != nullptr ? extra->values.view() : std::span<const std::uint8_t>(),
             faulted ? &extra->fault : nullptr);
    }
    std::lock_guard lock(mutex_);
    queue_.release(record);
}

void ScriptRunner::Inside::apply(ScriptRecord* record) {
    if (record->extra == nullptr || record->is_cancelled()) return;
    ScriptExtra& extra = *record->extra;
    const std::string function = record->text != nullptr ? "script"
                                 : record->function == kNone
                                     ? "jobs"
                                     : pool_->vm(0).functions().name(record->function);
    std::string what;
    const auto guarded = [&](auto action) {
        if (!succeeds(action, what))
            succeeds([&] { host_->log(LogLevel::error, function, what); }, what);
    };
    ByteReader log(extra.log.view());
    while (log.left() != 0) {
        std::uint8_t level = 0;
        std::string_view text;
        log.byte(level);
        log.string(text);
        guarded([&] { host_->log(static_cast<LogLevel>(level), function, text); });
    }
    ByteReader in(extra.actions.view());
    while (in.left() != 0) {
        std::uint8_t operation = 0;
        in.byte(operation);
        if (static_cast<Operation>(operation) == Operation::host_spawn) {
            std::uint64_t id = 0;
            in.varint(id);
            const Value name = read_data(in);
            const Value fields = read_data(in);
            const Map none;
            guarded([&] {
                host_->spawn_entity({static_cast<std::int64_t>(id)}, name.as_string(),
                                    fields.type() == Value::Type::map ? fields.as_map() : none);
            });
            continue;
        }
        if (static_cast<Operation>(operation) == Operation::host_function) {
            script::answer_host_function(functions_, in, extra.answer);
            break;
        }
        const Key target = read_key(in);
        const Value data = read_data(in);
        if (static_cast<Operation>(operation) == Operation::host_post) {
            guarded([&] { host_->post(target, data); });
            continue;
        }
        answer(extra.answer, [&](Bytes& out) {
            write_value(out, host_->call(target, data));
            return 1u;
        });
        break;
    }
    extra.actions.clear();
    extra.log.clear();
}

// What goes back into a script that waits: the values that `call` writes, or what it throws.
template <class Call>
void ScriptRunner::Inside::answer(Bytes& out, Call call) {
    Bytes values;
    std::uint32_t count = 0;
    std::string what;
    const bool good = succeeds([&] { count = call(values); }, what);
    if (!good) {
        values.clear();
        write_value(values, Value(what));
        count = 1;
    }
    out.clear();
    out.put(static_cast<std::uint8_t>(good ? Tag::yes : Tag::no));
    out.put_varint(count);
    out.append(values.view());
}

void ScriptRunner::Inside::report_callbacks() {
    std::vector<std::pair<JobId, std::string>> failed;
    {
        std::lock_guard lock(mutex_);
        failed.swap(failed_callbacks_);
    }
    std::string what;
    for (const auto& failure : failed)
        succeeds([&] { host_->callback_failed(failure.first, failure.second); }, what);
}

// ---- the end ----

void ScriptRunner::Inside::close(Pending pending) {
    if (in_callback_ == this) throw Error("deinit() was called from a callback");
    {
        std::lock_guard lock(mutex_);
        accepting_ = false;
        room_.notify_all();
        if (pending == Pending::cancel)
            queue_.each([&](ScriptRecord* record) {
                if (record->decide(ScriptRecord::Fate::cancelled)) stop_record(record);
            });
    }
    drain(true);
}

ScriptRunnerStatistics ScriptRunner::Inside::statistics() const {
    ScriptRunnerStatistics statistics;
    std::lock_guard lock(mutex_);
    for (const PerWorker& worker : workers_) statistics.workers.push_back(worker.published);
    for (std::size_t i = 0; i <= function_keys_.size(); ++i) {
        ScriptRunnerStatistics::Function& function = statistics.functions.emplace_back();
        function.name = i < function_keys_.size()
                            ? pool_->vm(0).functions().name(static_cast<std::uint32_t>(i))
                            : "script";
        for (const PerWorker& worker : workers_) {
            function.jobs += worker.functions[i].jobs.load(std::memory_order_relaxed);
            function.faults += worker.functions[i].faults.load(std::memory_order_relaxed);
            function.nanoseconds += worker.functions[i].nanoseconds.load(std::memory_order_relaxed);
        }
    }
    statistics.queued = queue_.queued();
    statistics.waiting = waiting_;
    statistics.enqueued = enqueued_;
    statistics.refused = refused_;
    statistics.callbacks_failed = callbacks_failed_;
    statistics.image_bytes = pool_->vm(0).image().size();
    return statistics;
}

// ---- the face ----

ScriptRunner::ScriptRunner() = default;

ScriptRunner::~ScriptRunner() { deinit(Pending::cancel); }

void ScriptRunner::add_function(HostFunction function) {
    std::unique_lock lock(life_);
    script::check_name(function, functions_);
    if (inside_ != nullptr)
        throw Error("the function '" + function.full_name() + "' comes too late: after init()");
    functions_.push_back(std::move(function));
}

void ScriptRunner::init(const ScriptRunnerOptions& options, std::pmr::memory_resource* memory) {
    std::unique_lock lock(life_);
    if (inside_ != nullptr) throw Error("this ScriptRunner runs already: deinit() comes first");
    inside_ = std::make_unique<Inside>(options, functions_, memory);
}

void ScriptRunner::deinit(Pending pending) {
    {
        std::shared_lock lock(life_);
        if (inside_ == nullptr) return;
        inside_->close(pending);
    }
    std::unique_lock lock(life_);  // waits for those that are being refused just now
    inside_.reset();
}

JobId ScriptRunner::enqueue_script(std::string_view text, const Arguments& arguments,
                                   const ScriptJob& job) {
    std::shared_lock lock(life_);
    return inside_ != nullptr ? inside_->enqueue(text, {}, arguments, job) : JobId{};
}

JobId ScriptRunner::enqueue_function(std::string_view name, const Arguments& arguments,
                                     const ScriptJob& job) {
    if (name.empty()) throw Error("a function of no name");
    std::shared_lock lock(life_);
    return inside_ != nullptr ? inside_->enqueue({}, name, arguments, job) : JobId{};
}

bool ScriptRunner::cancel(JobId job) {
    std::shared_lock lock(life_);
    return inside_ != nullptr && inside_->cancel(job);
}

void ScriptRunner::drain() {
    std::shared_lock lock(life_);
    if (inside_ != nullptr) inside_->drain(false);
}

bool ScriptRunner::run_worker(unsigned worker) {
    std::shared_lock lock(life_);
    return inside_ != nullptr && inside_->run_worker(worker);
}

ScriptRunnerStatistics ScriptRunner::statistics() const {
    std::shared_lock lock(life_);
    return inside_ != nullptr ? inside_->statistics() : ScriptRunnerStatistics{};
}

}  // namespace canon
