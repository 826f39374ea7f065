#include "jobs/job_runner.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "script/watch.hpp"

namespace canon::jobs {
namespace {

using script::Run;
using script::RunStatus;
using script::Vm;

std::uint64_t hash_of(std::span<const std::uint8_t> actions) noexcept {
    return actions.empty() ? 0 : hash_bytes(actions);
}

// A lone integer or nil goes straight to the function; anything else is decoded inside the
// protected run.
void set_argument(Run& run, std::span<const std::uint8_t> argument) noexcept {
    const auto tag = static_cast<Tag>(argument[0]);
    if (tag == Tag::nil) {
        run.argument = Run::Argument::none;
    } else if (tag == Tag::integer) {
        ByteReader in(argument.subspan(1));
        run.argument = Run::Argument::entity;
        in.zigzag(run.entity);
    } else {
        run.argument = Run::Argument::values;
        run.values = argument;
        run.value_count = 1;
    }
}

}  // namespace

class JobRunner::Lend {
  public:
    Lend(script::VmContext& context, PerWorker& mine) : context_(context), mine_(mine) { swap(); }
    ~Lend() { swap(); }
    Lend(const Lend&) = delete;
    Lend& operator=(const Lend&) = delete;

  private:
    void swap() noexcept {
        context_.actions.swap(mine_.actions);
        context_.log.swap(mine_.log);
    }
    script::VmContext& context_;
    PerWorker& mine_;
};

JobRunner::JobRunner(WorkerPool& pool, Vms& vms, Settings settings)
    : pool_(pool),
      vms_(vms),
      settings_(settings),
      disorder_(settings.chaos),
      workers_(pool.size()) {
    for (const std::string& name : vms[0].functions().jobs) {
        Hasher hasher;
        hasher.update_integer(settings_.seed);
        hasher.update_string(name);
        function_keys_.push_back(hasher.digest());
    }
    pool_.add_idle_work(*this);
}

JobRunner::~JobRunner() {
    drop_background();
    pool_.remove_idle_work(*this);
}

std::uint64_t JobRunner::random_key(std::uint32_t function, Frame frame) const noexcept {
    const std::uint64_t parts[2] = {function_keys_[function], frame.value};
    return hash_bytes({reinterpret_cast<const std::uint8_t*>(parts), sizeof parts});
}

bool JobRunner::list(const SubmissionQueue& queue, const World& world, Frame frame,
                     const std::vector<bool>& skip, std::size_t limit) {
    queue_ = &queue;
    frame_ = frame;
    jobs_.clear();
    ids_.clear();
    skipped_ = 0;
    bool prioritized = false;
    for (std::uint32_t i = 0; i < queue.entries.size(); ++i) {
        const Submission& entry = queue.entries[i];
        if (entry.cancelled) continue;
        if (skip[entry.function]) {
            ++skipped_;
            continue;
        }
        prioritized |= entry.priority != 0;
        if (entry.each == kNone) {
            jobs_.push_back({i, 0});
            continue;
        }
        std::uint32_t index = 0;
        const auto first = static_cast<std::uint32_t>(ids_.size());
        for (EntityId id = world.next(entry.each, {}); id.value != 0;
             id = world.next(entry.each, id)) {
            if (entry.every > 1 &&
                (static_cast<std::uint64_t>(id.value) + frame.value) % entry.every != 0)
                continue;
            if (entry.batch == 0)
                jobs_.push_back({i, index++, id.value});
            else
                ids_.push_back(id);
            if (jobs_.size() > limit) break;
        }
        for (auto begin = first; begin < ids_.size(); begin += entry.batch) {
            const auto count = std::min<std::uint32_t>(
                entry.batch, static_cast<std::uint32_t>(ids_.size()) - begin);
            jobs_.push_back({i, index++, 0, begin, count});
        }
        if (jobs_.size() > limit) break;
    }
    if (jobs_.size() > limit) {
        jobs_.clear();
        return false;
    }
    order_.clear();
    if (prioritized || disorder_.reigns()) {  // only the order in which workers draw them; the
                                              // commit's order is that of
                                              // the list
        order_.resize(jobs_.size());
        std::iota(order_.begin(), order_.end(), 0u);
        std::stable_sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
            return queue.entries[jobs_[a].submission].priority >
                   queue.entries[jobs_[b].submission].priority;
        });
    }
    if (disorder_.reigns()) disorder_.shuffle(order_, frame.value);
    return true;
}

void JobRunner::leave_out(std::span<const std::uint32_t> jobs) {
    if (jobs.empty()) return;
    left_out_.resize(jobs_.size(), false);
    for (const std::uint32_t job : jobs) left_out_[job] = true;
}

void JobRunner::run_first(const World& world, std::int64_t first_entity, std::int64_t first_job) {
    world_ = &world;
    first_entity_ = first_entity;
    first_job_ = first_job;
    results_.assign(jobs_.size(), JobResult{});
    frame_keys_.resize(function_keys_.size());
    for (std::uint32_t i = 0; i < function_keys_.size(); ++i)
        frame_keys_[i] = random_key(i, frame_);
    if (jobs_.empty()) return;
    // Small enough that all workers end at about the same time, large enough that drawing costs
    // nothing.
    batch_ = std::clamp<std::size_t>(jobs_.size() / (pool_.size() * 16), 1, 256);
    if (disorder_.reigns()) batch_ = disorder_.batch(batch_, frame_.value);
    next_.store(0, std::memory_order_relaxed);
    resuming_ = false;
    pool_.dispatch(*this);
}

void JobRunner::work(unsigned worker) {
    if (resuming_) {
        for (std::size_t owner;
             (owner = next_.fetch_add(1, std::memory_order_relaxed)) < workers_.size();)
            if (!workers_[owner].to_resume.empty()) resume_all(static_cast<unsigned>(owner));
        return;
    }
    for (std::size_t begin;
         (begin = next_.fetch_add(batch_, std::memory_order_relaxed)) < jobs_.size();)
        run_batch(worker, begin, std::min(begin + batch_, jobs_.size()));
}

void JobRunner::run_batch(unsigned worker, std::size_t begin, std::size_t end) {
    if (disorder_.reigns()) disorder_.hold_up(frame_.value, begin);
    Vm& vm = vms_[worker];
    script::VmContext& context = vm.context();
    const Lend lend(context, workers_[worker]);
    context.world = world_;
    Run run;
    run.limit_scale = limit_scale_;
    run.frame = frame_;
    vm.begin_batch();
    for (std::size_t i = begin; i < end; ++i) {
        const std::uint32_t index = order_.empty() ? static_cast<std::uint32_t>(i) : order_[i];
        const Job& job = jobs_[index];
        const Submission& submission = queue_->entries[job.submission];
        if (submission.background) continue;  // its result is fetched by the commit
        if (!left_out_.empty() && left_out_[index]) [[unlikely]]
            continue;
        run.function = submission.function;
        run.random_key = frame_keys_[submission.function];
        if (submission.each == kNone) {
            run.random_stream = submission.random_stream;
            set_argument(run, queue_->argument(submission));
        } else if (submission.batch == 0) {
            run.random_stream = static_cast<std::uint64_t>(job.entity);
            run.argument = Run::Argument::entity;
            run.entity = job.entity;
        } else {
            run.random_stream = static_cast<std::uint64_t>(ids_[job.ids_begin].value);
            run.argument = Run::Argument::ids;
            run.ids = {ids_.data() + job.ids_begin, job.ids_count};
        }
        run.first_entity = first_entity_ + static_cast<std::int64_t>(index) * settings_.ids_per_job;
        run.end_entity = run.first_entity + settings_.ids_per_job;
        run.first_job = first_job_ + static_cast<std::int64_t>(index) * kJobsPerJob;
        run.end_job = run.first_job + kJobsPerJob;
        const RunStatus status = vm.run(run);
        note(worker, index, status, results_[index], nullptr);
    }
}

void JobRunner::note(unsigned worker, std::uint32_t job, RunStatus status, JobResult& result,
                     PutAside* from) {
    Vm& vm = vms_[worker];
    script::VmContext& context = vm.context();
    PerWorker& mine = workers_[worker];
    result.worker = worker;
    result.actions_begin = context.actions_begin;
    result.actions_end = context.actions.size();
    result.log_begin = context.log_begin;
    result.log_end = context.log.size();
    result.next_entity = vm.next_entity();
    result.next_job = vm.next_job();
    switch (status) {
        case RunStatus::done:
            result.status = JobStatus::done;
            for (const LostWrite& lost : vm.lost_writes()) mine.lost_writes.emplace_back(job, lost);
            break;
        case RunStatus::failed:
            result.status = JobStatus::failed;
            result.detail = static_cast<std::uint32_t>(mine.faults.size());
            mine.faults.push_back(vm.fault());
            break;
        case RunStatus::stopped: {
            result.status = JobStatus::stopped;
            PutAside* slot = from;
            if (slot == nullptr) {
                const std::size_t used = mine.stopped_count.load(std::memory_order_relaxed);
                if (used == mine.stopped.size()) mine.stopped.emplace_back();
                slot = &mine.stopped[used];
                result.detail = static_cast<std::uint32_t>(used);
                mine.stopped_count.store(used + 1, std::memory_order_release);
            }
            slot->job = job;
            vm.put_aside(slot->run);
            break;
        }
    }
    result.hash = hash_of(context.actions.view(result.actions_begin, result.actions_end));
}

Bytes& JobRunner::answer(std::size_t index) noexcept {
    const JobResult& result = results_[index];
    return workers_[result.worker].stopped[result.detail].answer;
}

std::size_t JobRunner::put_aside_bytes(std::size_t index) const noexcept {
    const JobResult& result = results_[index];
    return workers_[result.worker].stopped[result.detail].run.suspended.size();
}

void JobRunner::run_next(const World& world, std::span<const std::uint32_t> jobs) {
    world_ = &world;
    for (PerWorker& worker : workers_) worker.to_resume.clear();
    for (const std::uint32_t job : jobs)
        if (left_out_.empty() || !left_out_[job])
            workers_[results_[job].worker].to_resume.push_back(results_[job].detail);
    if (disorder_.reigns())
        for (PerWorker& worker : workers_) disorder_.shuffle(worker.to_resume, frame_.value);
    next_.store(0, std::memory_order_relaxed);
    resuming_ = true;
    pool_.dispatch(*this);
}

// A stopped job goes on in the VM it stopped in, on whichever thread comes first.
void JobRunner::resume_all(unsigned owner) {
    if (disorder_.reigns()) disorder_.hold_up(frame_.value, owner);
    Vm& vm = vms_[owner];
    PerWorker& mine = workers_[owner];
    const Lend lend(vm.context(), mine);
    vm.context().world = world_;
    vm.begin_batch();
    for (const std::uint32_t slot : mine.to_resume) {
        PutAside& stopped = mine.stopped[slot];
        JobResult& result = results_[stopped.job];
        vm.context().answer = stopped.answer.view();
        const RunStatus status = vm.go_on(stopped.run);
        note(owner, stopped.job, status, result, &stopped);
    }
}

std::span<const std::uint8_t> JobRunner::actions(const JobResult& result) const noexcept {
    return workers_[result.worker].actions.view(result.actions_begin, result.actions_end);
}

std::span<const std::uint8_t> JobRunner::log(const JobResult& result) const noexcept {
    return workers_[result.worker].log.view(result.log_begin, result.log_end);
}

Fault& JobRunner::fault(const JobResult& result) noexcept {
    return workers_[result.worker].faults[result.detail];
}

std::vector<std::pair<std::uint32_t, LostWrite>> JobRunner::take_lost_writes() {
    std::vector<std::pair<std::uint32_t, LostWrite>> all;
    for (PerWorker& worker : workers_) {
        std::move(worker.lost_writes.begin(), worker.lost_writes.end(), std::back_inserter(all));
        worker.lost_writes.clear();
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return all;
}

void JobRunner::end_frame() noexcept {
    for (PerWorker& worker : workers_) {
        worker.actions.clear();
        worker.log.clear();
        worker.faults.clear();
        worker.stopped_count.store(0, std::memory_order_release);
    }
    jobs_.clear();
    left_out_.clear();
    queue_ = nullptr;
    pool_.wake();  // workers that were kept for stopped jobs may do background work again
}

// ---- background jobs ----

void JobRunner::start_background(const Submission& submission,
                                 std::span<const std::uint8_t> argument,
                                 std::shared_ptr<const std::vector<EntityId>> singletons) {
    auto job = std::make_shared<Background>();
    job->singletons = std::move(singletons);
    job->submission = submission;
    job->limit_scale = limit_scale_;
    job->argument.append(argument);
    {
        std::lock_guard lock(background_mutex_);
        job->serial = next_serial_++;
        background_.emplace(submission.id.value, job);
        background_queue_.push_back(std::move(job));
    }
    pool_.wake();
}

bool JobRunner::work_idle(unsigned worker) {
    if (workers_[worker].stopped_count.load(std::memory_order_acquire) != 0) return false;
    std::shared_ptr<Background> job;
    {
        std::lock_guard lock(background_mutex_);
        if (background_queue_.empty()) return false;
        job = std::move(background_queue_.front());
        background_queue_.pop_front();
        begin(*job, worker);
    }
    run_background(worker, *job);
    return true;
}

void JobRunner::run_background(unsigned worker, Background& job) {
    const Submission& submission = job.submission;
    if (disorder_.reigns())
        disorder_.hold_up(submission.submitted.value,
                          static_cast<std::uint64_t>(submission.id.value));
    Vm& vm = vms_[worker];
    script::VmContext& context = vm.context();
    Run run;
    run.mode = script::Mode::background;
    run.limit_scale = job.limit_scale;
    run.function = submission.function;
    run.frame = submission.submitted;
    run.random_key = random_key(submission.function, submission.submitted);
    run.random_stream = submission.random_stream;
    run.first_entity = submission.first_entity;
    run.end_entity = submission.first_entity + settings_.ids_per_job;
    run.first_job = submission.first_job;
    run.end_job = submission.first_job + kJobsPerJob;
    set_argument(run, job.argument.view());
    const World* const world = context.world;
    context.world = nullptr;
    context.singletons = *job.singletons;
    vm.begin_batch();
    const RunStatus status = vm.run(run);
    auto result = std::make_unique<BackgroundResult>();
    result->failed = status != RunStatus::done;
    if (result->failed) result->fault = vm.fault();
    result->actions.append(context.actions.view(context.actions_begin, context.actions.size()));
    result->log.append(context.log.view(context.log_begin, context.log.size()));
    result->lost_writes.assign(vm.lost_writes().begin(), vm.lost_writes().end());
    result->next_entity = vm.next_entity();
    result->next_job = vm.next_job();
    context.actions.truncate(context.actions_begin);
    context.log.truncate(context.log_begin);
    context.world = world;
    {
        std::lock_guard lock(background_mutex_);
        job.result = std::move(result);
        context.host_job.store(0, std::memory_order_relaxed);
    }
    background_done_.notify_all();
}

std::unique_ptr<BackgroundResult> JobRunner::finish_background(JobId id) {
    std::unique_lock lock(background_mutex_);
    const auto at = background_.find(id.value);
    CANON_ASSERT(at != background_.end(), "a background job is started when it is submitted");
    const std::shared_ptr<Background> job = at->second;
    background_.erase(at);
    if (!job->begun) {
        begin(*job, 0);
        background_queue_.erase(std::find(background_queue_.begin(), background_queue_.end(), job));
        lock.unlock();
        {
            const script::Watch watch;
            run_background(0, *job);
        }
        lock.lock();
    }
    background_done_.wait(lock, [&] { return job->result != nullptr; });
    return std::move(job->result);
}

bool JobRunner::is_finished(JobId id) const {
    const std::lock_guard lock(background_mutex_);
    const auto at = background_.find(id.value);
    return at != background_.end() && at->second->result != nullptr;
}

void JobRunner::forget_background(JobId id) {
    std::lock_guard lock(background_mutex_);
    const auto at = background_.find(id.value);
    if (at == background_.end()) return;  // cancelled before it was started
    std::erase(background_queue_, at->second);
    stop(*at->second);
    background_.erase(at);
}

void JobRunner::drop_background() {
    std::lock_guard lock(background_mutex_);
    background_queue_.clear();
    for (const auto& [id, job] : background_) stop(*job);
    background_.clear();
}

// From here on `stop` finds it in that worker's VM. Call: with the lock.
void JobRunner::begin(Background& job, unsigned worker) noexcept {
    job.begun = true;
    job.worker = worker;
    vms_[worker].context().host_job.store(job.serial, std::memory_order_relaxed);
}

// Nobody will ask for its result. Call: with the lock.
void JobRunner::stop(const Background& job) noexcept {
    if (job.begun && job.result == nullptr)
        vms_[job.worker].context().cancelled_job.store(job.serial, std::memory_order_relaxed);
}

}  // namespace canon::jobs
