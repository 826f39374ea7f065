// WorkerPool: the workers, each with its own VM; the main thread is worker 0.
//
// A dispatch runs one piece of work on all workers that are free. Others may join until the main
// thread has found nothing left to do, and it waits only for those that have joined: a worker that
// is held up in background work delays nobody.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "jobs/thread.hpp"
#include "script/vm.hpp"

namespace canon::jobs {

/// Work for all workers at once. Called on many threads; must share out the work itself and return
/// when none is left.
class SharedWork {
  public:
    virtual void work(unsigned worker) = 0;

  protected:
    ~SharedWork() = default;
};

/// What workers do while there is nothing else.
class IdleWork {
  public:
    /// Does one piece. False if there was none for this worker.
    virtual bool work_idle(unsigned worker) = 0;

  protected:
    ~IdleWork() = default;
};

struct WorkerOptions {
    unsigned count = 1;  ///< worker 0, which is the main thread, among them
    /// No threads are started: the host's own call run_worker.
    bool host_threads = false;
    std::string thread_name = "canon";  ///< its threads are "canon 1" and so on
    std::size_t stack_bytes = 0;        ///< of each thread; 0: the system's default
    std::vector<int> processors =
        {};  ///< worker i is bound to processors[i % size]; empty: to none
};

class WorkerPool {
  public:
    /// Makes the VMs and starts the threads.
    /// Fails: throws canon::Error if the program cannot be loaded, if two VMs loaded it
    /// differently, or if a thread cannot be started.
    WorkerPool(const WorkerOptions& options, const script::Vm::Setup& setup);
    ~WorkerPool();

    unsigned size() const noexcept { return static_cast<unsigned>(vms_.size()); }
    script::Vm& vm(unsigned worker) noexcept { return *vms_[worker]; }
    const script::Vm& vm(unsigned worker) const noexcept { return *vms_[worker]; }

    /// Runs `work` on this thread as worker 0 and on all others that are free. Call: main thread.
    void dispatch(SharedWork& work);
    /// Sets what workers do otherwise, or null. Call: main thread; returns when no worker is at the
    /// old one.
    void set_idle_work(IdleWork* work);
    /// There is more idle work.
    void wake() noexcept;
    /// There is more idle work for one.
    void wake_one() noexcept;
    /// Does, on this thread, what there is to do for a worker now. False if there was nothing.
    /// Call: any thread, one at a time for each worker; never for one that has a thread of ours.
    bool run_worker(unsigned worker);

  private:
    void run_thread(unsigned worker);
    bool join_dispatch(unsigned worker);
    bool do_idle_work(unsigned worker);
    void stop() noexcept;

    static constexpr std::uint32_t kClosed = 1u << 31;

    std::vector<std::unique_ptr<script::Vm>> vms_;
    std::vector<std::uint64_t> generations_;  // of dispatches, as each worker has seen them
    std::vector<Thread> threads_;
    std::atomic<std::uint32_t> wake_{0};
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::uint32_t> joined_{kClosed};  // workers in the dispatch under way, or kClosed
    std::atomic<SharedWork*> work_{nullptr};
    std::atomic<IdleWork*> idle_work_{nullptr};
    std::atomic<std::uint32_t> idle_workers_{0};  // at idle work
    std::atomic<bool> stopping_{false};
};

}  // namespace canon::jobs
