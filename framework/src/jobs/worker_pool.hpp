// WorkerPool: the threads behind Workers, and the work that simulations and runners give them.
//
// A dispatch runs one piece of work on all workers that are free. Others may join until the thread
// that dispatched has found nothing left to do, and it waits only for those that have joined: a
// worker that is held up in idle work delays nobody. Each client keeps a VM for each place; place 0
// is that of the thread that dispatches or drains.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "canon/workers.hpp"
#include "jobs/thread.hpp"

namespace canon::jobs {

/// Work for all workers at once. Called on many threads; must share out the work itself and return
/// when none is left.
class SharedWork {
  public:
    virtual void work(unsigned worker) = 0;

  protected:
    ~SharedWork() = default;
};

/// What workers do while there is no dispatch.
class IdleWork {
  public:
    /// Does one piece. False if there was none for this worker.
    virtual bool work_idle(unsigned worker) = 0;

  protected:
    ~IdleWork() = default;
};

class WorkerPool {
  public:
    /// Starts the threads.
    /// Fails: throws canon::Error if one cannot be started.
    explicit WorkerPool(const WorkersOptions& options);
    ~WorkerPool();

    /// Workers, the one in place 0 among them.
    unsigned size() const noexcept { return static_cast<unsigned>(workers_.size()); }

    /// Runs `work` on this thread in place 0 and on all others that are free. While another thread
    /// dispatches, on this one alone.
    void dispatch(SharedWork& work);
    /// Workers do this too from here on.
    /// Fails: throws canon::Error if kMaxIdleWorks are there already.
    void add_idle_work(IdleWork& work);
    /// Returns when no worker is at it any more.
    void remove_idle_work(IdleWork& work) noexcept;
    /// There is more idle work.
    void wake() noexcept;
    /// There is more idle work for one.
    void wake_one() noexcept;
    bool run_worker(unsigned worker);
    void help_until(unsigned worker, const Barrier& barrier);

    static constexpr std::size_t kMaxIdleWorks = 64;

  private:
    struct IdleSlot {
        std::atomic<IdleWork*> work{nullptr};
        std::atomic<std::uint32_t> workers{0};  // at it
    };
    // What each worker knows alone.
    struct alignas(64) PerWorker {
        std::uint64_t generation = 0;  // of dispatches, as it has seen them
        std::size_t turn = 0;          // whose idle work comes first
    };

    void run_thread(unsigned worker);
    bool join_dispatch(unsigned worker);
    bool do_idle_work(unsigned worker);
    void stop() noexcept;

    static constexpr std::uint32_t kClosed = 1u << 31;

    std::vector<PerWorker> workers_;
    std::vector<Thread> threads_;
    std::atomic<std::uint32_t> wake_{0};
    std::atomic<bool> dispatching_{false};
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::uint32_t> joined_{kClosed};  // workers in the dispatch under way, or kClosed
    std::atomic<SharedWork*> work_{nullptr};
    std::mutex slots_mutex_;  // of adding and removing
    std::array<IdleSlot, kMaxIdleWorks> slots_;
    std::atomic<std::size_t> slots_used_{0};
    std::atomic<bool> stopping_{false};
};

}  // namespace canon::jobs
