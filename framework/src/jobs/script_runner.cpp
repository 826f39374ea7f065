#include "canon/script_runner.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "canon/hash.hpp"
#include "core/fixed_environment.hpp"
#include "jobs/script_handle.hpp"
#include "jobs/script_machine.hpp"
#include "script/host_functions.hpp"
#include "script/watch.hpp"

namespace canon {

using jobs::ScriptExtra;
using jobs::ScriptRecord;
using jobs::ScriptText;
using jobs::succeeds;
using script::Run;
using script::RunStatus;
using State = ScriptRecord::State;
using Outcome = ScriptResult::Outcome;

namespace {

constexpr std::size_t kMaxBatch = 32;

std::int64_t clock_now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
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

ScriptRunner::Inside::Inside(const ScriptRunnerOptions& options,
                             const std::vector<HostFunction>& functions,
                             std::pmr::memory_resource* memory)
    : options_(options),
      functions_(functions),
      memory_(memory),
      host_(options.host != nullptr ? options.host : &default_host_),
      texts_(memory),
      queue_(memory) {
    if (options_.sandbox.level == Sandbox::Level::trusted)
        throw Error(
            "jobs of a ScriptRunner are 'strict' or 'view', not 'trusted': a job's heap is "
            "restored when it ends, so a file that it has opened would never be closed; use a "
            "View");
    if (options_.queue_capacity == 0) throw Error("a queue of no jobs: queue_capacity is 0");
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
    setup.sandbox = options_.sandbox;
    setup.trim_bytes = options_.trim_bytes;
    setup.count_instructions = options_.count_instructions;
    pool_ = options_.shared_workers != nullptr
                ? options_.shared_workers->pool()
                : Workers({.threads = options_.workers != 0 ? options_.workers
                                                            : WorkersOptions::default_threads()})
                      .pool();
    workers_ = std::vector<PerWorker>(pool_->size());
    {
        const FixedEnvironment environment;
        vms_ = std::make_unique<jobs::Vms>(pool_->size(), setup);
    }
    const auto key = [&](std::string_view name) {
        Hasher hasher;
        hasher.update_integer(options_.seed);
        hasher.update_string(name);
        return hasher.digest();
    };
    for (const std::string& name : (*vms_)[0].functions().jobs) function_keys_.push_back(key(name));
    script_key_ = key("");
    for (PerWorker& worker : workers_)
        worker.functions = std::vector<FunctionCount>(function_keys_.size() + 1);
    pool_->add_idle_work(*this);
}

ScriptRunner::Inside::~Inside() { pool_->remove_idle_work(*this); }

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
        // Waiting alone would never end where the host's threads run no worker just now.
        const bool runs = options_.when_full == ScriptRunnerOptions::WhenFull::run_here ||
                          options_.shared_workers != nullptr;
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
    std::unique_ptr<ScriptText, GiveBack> compiled(function.empty() ? texts_.use(text) : nullptr);
    std::shared_ptr<ScriptHandle::State> handle;
    if (job.handle != nullptr)
        handle = std::allocate_shared<ScriptHandle::State>(
            std::pmr::polymorphic_allocator<std::byte>(memory_), memory_);
    std::unique_lock lock(mutex_);
    if (!wait_for_room(lock)) return {};
    ScriptRecord* const record = queue_.make(arguments);
    record->text = compiled.release();
    if (record->text == nullptr) record->function = (*vms_)[0].functions().find_job(function);
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

void ScriptRunner::Inside::forget(const void* context) {
    {
        std::lock_guard lock(mutex_);
        queue_.each([&](ScriptRecord* record) {
            if (record->context != context || record->callback == nullptr) return;
            record->forgotten.store(true);
            if (record->decide(ScriptRecord::Fate::cancelled)) stop_record(record);
        });
    }
    for (const PerWorker& worker : workers_)
        while (&worker != telling_here_ && worker.telling.load() == context)
            std::this_thread::yield();
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
            (*vms_)[record->worker].context().cancelled_job.store(record->id);
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
    script::Vm& vm = (*vms_)[worker];
    vm.begin_batch();
    {
        // Callbacks and host functions may enqueue, but must not wait for this very thread.
        const Inside* const outer = std::exchange(in_callback_, this);
        for (ScriptRecord* record : mine.batch) run(worker, record);
        in_callback_ = outer;
    }
    mine.statistics.hot_pages = vm.image().hot_pages();
    mine.statistics.counted = vm.counted_runs();
    mine.statistics.restores = vm.runs();
    settle(mine);
    return true;
}

void ScriptRunner::Inside::run(unsigned worker, ScriptRecord* record) {
    // In this order: who cancels from here on either is seen below or sees the job in the VM.
    (*vms_)[worker].context().host_job.store(record->id);
    if (!record->is_cancelled()) return run_script(worker, record);
    (*vms_)[worker].context().host_job.store(0);
    record->outcome = Outcome::cancelled;
    if (!record->for_main) tell(workers_[worker], record, {}, nullptr);
    workers_[worker].ended.push_back(record);
}

void ScriptRunner::Inside::run_script(unsigned worker, ScriptRecord* record) {
    PerWorker& mine = workers_[worker];
    script::Vm& vm = (*vms_)[worker];
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
    if (options_.measure_times) {
        const std::int64_t took = clock_now() - began;
        record->ran += took;
        mine.statistics.nanoseconds += took;
    }
    const bool has_run = fault == nullptr;  // it was not refused
    if (has_run) record->instructions = vm.instructions();
    const std::uint64_t peak = has_run ? vm.peak_bytes() : 0;
    mine.statistics.peak_bytes = std::max(mine.statistics.peak_bytes, peak);
    if (status == RunStatus::failed && fault == nullptr) fault = &vm.fault();

    context.host_job.store(0);
    const bool stopped = status == RunStatus::stopped;
    // A stopped job may still be cancelled; an ended one is settled.
    const bool cancelled =
        stopped ? record->is_cancelled() : !record->decide(ScriptRecord::Fate::settled);
    if (cancelled) {
        record->outcome = Outcome::cancelled;
        if (!record->for_main) tell(mine, record, {}, nullptr);
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
        if (peak >
            count.peak_bytes.load(std::memory_order_relaxed))  // written by this worker alone
            count.peak_bytes.store(peak, std::memory_order_relaxed);
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
        tell(mine, record, values, fault);
    }
    mine.ended.push_back(record);
}

// Callback and handle. On the worker, or in drain.
void ScriptRunner::Inside::tell(PerWorker& mine, ScriptRecord* record,
                                std::span<const std::uint8_t> values, const Fault* fault) {
    record->told = true;
    ScriptResult result;
    result.job = {record->id};
    result.outcome = record->outcome;
    result.values = values;
    result.count = record->outcome == Outcome::done ? record->value_count : 0;
    result.fault = fault;
    result.worker = record->worker;
    result.sequence = record->sequence();
    result.waited_nanoseconds = record->waited;
    result.ran_nanoseconds = record->ran;
    result.instructions = options_.count_instructions ? record->instructions : 0;
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
    // In this order: whoever forgets the context from here on is seen below or sees us.
    const void* const outer_context = mine.telling.exchange(record->context);
    struct Told {
        PerWorker& mine;
        const void* outer_context;
        const PerWorker* outer = std::exchange(telling_here_, &mine);
        ~Told() {
            mine.telling.store(outer_context);
            telling_here_ = outer;
        }
    } const told{mine, outer_context};
    if (record->forgotten.load()) return;
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
                            ? (*vms_)[0].functions().name(static_cast<std::uint32_t>(i))
                            : "script";
        for (const PerWorker& worker : workers_) {
            function.jobs += worker.functions[i].jobs.load(std::memory_order_relaxed);
            function.faults += worker.functions[i].faults.load(std::memory_order_relaxed);
            function.nanoseconds += worker.functions[i].nanoseconds.load(std::memory_order_relaxed);
            function.peak_bytes =
                std::max(function.peak_bytes,
                         worker.functions[i].peak_bytes.load(std::memory_order_relaxed));
        }
    }
    statistics.queued = queue_.queued();
    statistics.waiting = waiting_;
    statistics.enqueued = enqueued_;
    statistics.refused = refused_;
    statistics.callbacks_failed = callbacks_failed_;
    statistics.image_bytes = (*vms_)[0].image().size();
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

void ScriptRunner::forget(const void* context) {
    std::shared_lock lock(life_);
    if (inside_ != nullptr) inside_->forget(context);
}

void ScriptRunner::drain() {
    std::shared_lock lock(life_);
    if (inside_ != nullptr) inside_->drain(false);
}

ScriptRunnerStatistics ScriptRunner::statistics() const {
    std::shared_lock lock(life_);
    return inside_ != nullptr ? inside_->statistics() : ScriptRunnerStatistics{};
}

}  // namespace canon
