// The inside of a ScriptRunner: queue, workers, texts, and the jobs that wait for drain.
//
// A job's record is in one place at a time: the queue, a worker's batch, the list of stopped jobs,
// a worker's list of those that go on, or the list of ended jobs that drain has yet to look at.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "canon/script_runner.hpp"
#include "jobs/script_queue.hpp"
#include "jobs/script_texts.hpp"
#include "jobs/vms.hpp"
#include "jobs/worker_pool.hpp"

namespace canon {

namespace jobs {

/// Whether `callback` has returned; else `what` it has thrown.
template <class Callback>
inline bool succeeds(Callback callback, std::string& what) {
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

}  // namespace jobs

class ScriptRunner::Inside final : private jobs::IdleWork {
  public:
    Inside(const ScriptRunnerOptions& options, const std::vector<HostFunction>& functions,
           std::pmr::memory_resource* memory);
    ~Inside();

    JobId enqueue(std::string_view text, std::string_view function, const Arguments& arguments,
                  const ScriptJob& job);
    bool cancel(JobId job);
    void forget(const void* context);
    void drain(bool everything);
    void close(Pending pending);
    ScriptRunnerStatistics statistics() const;

  private:
    // Written by the worker, read by anybody.
    struct FunctionCount {
        std::atomic<std::uint64_t> jobs{0}, faults{0}, peak_bytes{0};
        std::atomic<std::int64_t> nanoseconds{0};
    };
    struct alignas(64) PerWorker {
        std::vector<FunctionCount> functions;       // the last one: texts
        std::mutex place;                           // held by the thread that is this worker now
        std::atomic<const void*> telling{nullptr};  // the context whose callback is called here
        std::deque<jobs::ScriptRecord*> resuming;
        std::vector<jobs::ScriptRecord*> batch;
        std::vector<jobs::ScriptRecord*> ended;     // of the batch
        ScriptRunnerStatistics::Worker statistics;  // of the thread that has the place
        ScriptRunnerStatistics::Worker published;   // under the lock
    };

    bool work_idle(unsigned worker) override;
    bool run_batch(unsigned worker);
    void run(unsigned worker, jobs::ScriptRecord* record);
    void run_script(unsigned worker, jobs::ScriptRecord* record);
    void tell(PerWorker& mine, jobs::ScriptRecord* record, std::span<const std::uint8_t> values,
              const Fault* fault);
    void settle(PerWorker& mine);
    void stop_record(jobs::ScriptRecord* record);
    bool wait_for_room(std::unique_lock<std::mutex>& lock);
    std::size_t active(int epoch, bool everything) const noexcept;
    bool help();
    void commit(jobs::ScriptRecord* record, std::vector<jobs::ScriptRecord*>& ended);
    void deliver(jobs::ScriptRecord* record);
    void apply(jobs::ScriptRecord* record);
    template <class Call>
    void answer(Bytes& out, Call call);
    void report_callbacks();

    ScriptRunnerOptions options_;
    std::vector<HostFunction> functions_;
    std::pmr::memory_resource* memory_;
    ScriptHost default_host_;
    ScriptHost* host_;
    std::unique_ptr<jobs::Vms> vms_;
    std::shared_ptr<jobs::WorkerPool> pool_;  // goes first where its threads are ours
    std::vector<std::uint64_t> function_keys_;
    std::vector<PerWorker> workers_;

    jobs::ScriptTexts texts_;
    std::uint64_t script_key_ = 0;

    mutable std::mutex mutex_;  // of all that follows
    std::condition_variable room_;
    std::condition_variable progress_;
    jobs::ScriptQueue queue_;
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
    static inline thread_local const PerWorker* telling_here_ = nullptr;
};

}  // namespace canon
