// Workers: the threads that run jobs, to be shared by simulations and script runners.
//
// A Simulation or a ScriptRunner makes workers of its own unless it is given some. Given the same
// ones, a simulation's frame comes first: a worker that becomes free joins it, and a worker that is
// held up by somebody else's long job delays no frame. Which worker runs what shows nowhere.
//
// An engine with a job system of its own makes them with `host_threads`; no thread is started then,
// and the engine's threads call `run_worker` or `help_until`.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "canon/detail/platform.hpp"

namespace canon {

namespace jobs {
class WorkerPool;
}

struct WorkersOptions {
    /// Besides the thread that steps or drains, which is a worker too, in place 0.
    unsigned threads = 1;
    /// No thread is started: the host's own call run_worker(1) to run_worker(threads).
    bool host_threads = false;
    std::string thread_name = "canon";  ///< they are "canon 1" and so on; cut to 15 bytes
    std::size_t stack_bytes = 0;        ///< of each thread; 0: the system's default
    /// Worker i is bound to processors[i % size]; empty: to none.
    std::vector<int> processors = {};

    /// All cores but one, at least one.
    static unsigned default_threads() noexcept;
};

/// A point that threads help to reach: it is reached when `arrive` was called as often as the
/// constructor said. Must outlive all calls on it.
/// Call: any thread.
class Barrier {
  public:
    explicit Barrier(std::uint32_t arrivals = 1) noexcept : missing_(arrivals) {}
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    void arrive() noexcept { missing_.fetch_sub(1, std::memory_order_acq_rel); }
    bool reached() const noexcept { return missing_.load(std::memory_order_acquire) <= 0; }

  private:
    std::atomic<std::int64_t> missing_;
};

class Workers {
  public:
    /// Fails: throws canon::Error that says which of the options the system refused; no thread is
    /// left behind.
    explicit Workers(const WorkersOptions& options = {});
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// With place 0.
    unsigned count() const noexcept;

    /// Does, on this thread, what there is to do for a worker now: its part of a frame, or a batch
    /// of jobs. False if there was nothing.
    /// Call: with `host_threads`; any thread, one at a time for each worker, 1 to `threads`; not
    /// from a callback or a host function.
    bool run_worker(unsigned worker);
    /// Does work until the barrier is reached; sleeps in short turns while there is none.
    /// Call: as run_worker.
    void help_until(unsigned worker, const Barrier& barrier);

    const std::shared_ptr<jobs::WorkerPool>& pool() const noexcept { return pool_; }

  private:
    std::shared_ptr<jobs::WorkerPool> pool_;
};

}  // namespace canon
