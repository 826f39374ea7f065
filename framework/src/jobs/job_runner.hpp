// JobRunner: runs a frame's jobs on all workers, round after round, and background jobs in between.
//
// Workers draw batches of jobs from a shared counter. What a job asks for goes into its worker's
// buffer, and where it lies is noted under the job's number, so the commit finds it in canonical
// order whoever ran it. Nothing is locked or allocated for a job.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "canon/lost_write.hpp"
#include "canon/world.hpp"
#include "jobs/disorder.hpp"
#include "jobs/submission.hpp"
#include "jobs/vms.hpp"
#include "jobs/worker_pool.hpp"

namespace canon::jobs {

/// One job of a frame, in stamp order.
struct Job {
    std::uint32_t submission;  ///< in the frame's queue
    std::uint32_t index;       ///< within the submission
    std::int64_t entity = 0;
    std::uint32_t ids_begin = 0;  ///< of a batch, in the runner's list
    std::uint32_t ids_count = 0;
};

enum class JobStatus : std::uint8_t { waiting, done, stopped, failed, skipped };

/// What became of a job in the round that has just run.
struct JobResult {
    JobStatus status = JobStatus::waiting;
    std::uint32_t worker = 0;
    std::uint32_t detail = 0;  ///< stopped: the worker's put-aside run; failed: the worker's fault
    std::size_t actions_begin = 0, actions_end = 0;
    std::size_t log_begin = 0, log_end = 0;
    std::uint64_t hash = 0;  ///< of the actions; 0 for none
    std::int64_t next_entity = 0;
    std::int64_t next_job = 0;
};

/// A background job's outcome.
struct BackgroundResult {
    bool failed = false;
    Fault fault;
    Bytes actions;
    Bytes log;
    std::vector<LostWrite> lost_writes;
    std::int64_t next_entity = 0;
    std::int64_t next_job = 0;
};

class JobRunner final : private SharedWork, private IdleWork {
  public:
    struct Settings {
        std::uint32_t ids_per_job = 1024;
        std::uint64_t seed = 0;
        std::uint64_t chaos = 0;  ///< not 0: jobs are drawn in another order, and held up
    };
    /// Borrows: both.
    JobRunner(WorkerPool& pool, Vms& vms, Settings settings);
    ~JobRunner();

    static constexpr std::uint32_t kJobsPerJob = 1024;  ///< submissions that one job may make

    // ---- a frame ----

    /// Lists the jobs of a queue over the frozen world; `skip[function]` ones and cancelled ones
    /// are left out. False, with nothing listed, if there are more than `limit`.
    bool list(const SubmissionQueue& queue, const World& world, Frame frame,
              const std::vector<bool>& skip, std::size_t limit);
    std::size_t size() const noexcept { return jobs_.size(); }
    std::uint64_t skipped() const noexcept { return skipped_; }
    const Job& job(std::size_t index) const noexcept { return jobs_[index]; }
    JobResult& result(std::size_t index) noexcept { return results_[index]; }

    /// Limits on runs are so many times as large for jobs that are begun from here on.
    void scale_limits(int factor) noexcept { limit_scale_ = factor; }
    /// These of the listed jobs are not run in the round that comes, nor in later ones: somebody
    /// else has decided how they end.
    void leave_out(std::span<const std::uint32_t> jobs);
    /// Runs all listed jobs. `first_entity` and `first_job` begin the blocks of ids.
    void run_first(const World& world, std::int64_t first_entity, std::int64_t first_job);
    /// Where a stopped job's answer goes before `run_next`: a Tag::yes, 1 and a value, or a
    /// Tag::no, 1 and an error value.
    Bytes& answer(std::size_t index) noexcept;
    /// Bytes that a stopped job occupies.
    std::size_t put_aside_bytes(std::size_t index) const noexcept;
    /// Goes on with the stopped jobs among `jobs`; those of others are dropped.
    void run_next(const World& world, std::span<const std::uint32_t> jobs);

    std::span<const std::uint8_t> actions(const JobResult& result) const noexcept;
    std::span<const std::uint8_t> log(const JobResult& result) const noexcept;
    Fault& fault(const JobResult& result) noexcept;
    /// Times that work was held up, for tests.
    std::uint64_t held_up() const noexcept { return disorder_.held_up(); }
    /// What jobs that are done have written in vain, with their numbers, in stamp order.
    std::vector<std::pair<std::uint32_t, LostWrite>> take_lost_writes();
    /// All results have been used.
    void end_frame() noexcept;

    // ---- background jobs, known by their id ----

    /// `singletons` are the ids by TemplateIndex, for scripts that name one.
    void start_background(const Submission& submission, std::span<const std::uint8_t> argument,
                          std::shared_ptr<const std::vector<EntityId>> singletons);
    bool is_finished(JobId id) const;
    /// Waits for a background job, running it here if nobody has begun it, and forgets it.
    std::unique_ptr<BackgroundResult> finish_background(JobId id);
    void forget_background(JobId id);
    /// Forgets those not finished, and results not fetched; those under way are stopped.
    void drop_background();

  private:
    struct PutAside {
        std::uint32_t job = 0;
        script::StoppedRun run;
        Bytes answer;
    };
    struct alignas(64) PerWorker {
        // The frame's buffers: in the VM's context while it runs jobs, here otherwise, so that a
        // background job that follows does not touch what the commit reads.
        Bytes actions;
        Bytes log;
        std::vector<Fault> faults;
        std::vector<std::pair<std::uint32_t, LostWrite>> lost_writes;
        std::vector<PutAside> stopped;  // the first `stopped_count` are in use
        /// Not 0: the VM is kept for its stopped jobs and takes no background work.
        std::atomic<std::size_t> stopped_count{0};
        std::vector<std::uint32_t> to_resume;
    };
    struct Background {
        Submission submission;
        int limit_scale = 1;
        Bytes argument;
        std::shared_ptr<const std::vector<EntityId>> singletons;
        std::int64_t serial = 0;  // never used again, unlike an id, which a restored state repeats
        bool begun = false;
        unsigned worker = 0;  // once begun
        std::unique_ptr<BackgroundResult> result;
    };

    /// Lends the frame's buffers to a VM.
    class Lend;

    void work(unsigned worker) override;
    bool work_idle(unsigned worker) override;
    void run_batch(unsigned worker, std::size_t begin, std::size_t end);
    void resume_all(unsigned owner);
    void note(unsigned worker, std::uint32_t job, script::RunStatus status, JobResult& result,
              PutAside* from);
    void run_background(unsigned worker, Background& job);
    void begin(Background& job, unsigned worker) noexcept;
    void stop(const Background& job) noexcept;
    std::uint64_t random_key(std::uint32_t function, Frame frame) const noexcept;

    WorkerPool& pool_;
    Vms& vms_;
    Settings settings_;
    Disorder disorder_;
    std::vector<std::uint64_t> function_keys_;  // of random streams, before the frame is mixed in
    const SubmissionQueue* queue_ = nullptr;
    const World* world_ = nullptr;
    Frame frame_;
    std::int64_t first_entity_ = 0;
    std::int64_t first_job_ = 0;
    std::vector<Job> jobs_;
    std::vector<JobResult> results_;
    int limit_scale_ = 1;
    std::vector<bool> left_out_;        // by job; empty: none
    std::vector<std::uint32_t> order_;  // in which workers draw jobs; empty: as listed
    std::vector<EntityId> ids_;
    std::vector<std::uint64_t> frame_keys_;  // for each function, this frame's
    std::uint64_t skipped_ = 0;
    std::vector<PerWorker> workers_;
    std::atomic<std::size_t> next_{0};
    std::size_t batch_ = 1;
    bool resuming_ = false;

    mutable std::mutex background_mutex_;
    std::condition_variable background_done_;
    std::deque<std::shared_ptr<Background>> background_queue_;  // not begun
    std::map<std::int64_t, std::shared_ptr<Background>> background_;
    std::int64_t next_serial_ = 1;
};

}  // namespace canon::jobs
