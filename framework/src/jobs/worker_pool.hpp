// WorkerPool: the workers, each with its own VM; the main thread is worker 0.
//
// A dispatch runs one piece of work on all workers that are free. Others may join until the main
// thread has found nothing left to do, and it waits only for those that have joined: a worker that
// is held up in background work delays nobody.
#pragma once
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

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

class WorkerPool {
  public:
    /// Makes the VMs and starts the threads.
    /// Fails: throws canon::Error if the program cannot be loaded, if two VMs loaded it
    /// differently, or if a thread cannot be started.
    WorkerPool(unsigned workers, const script::Vm::Setup& setup);
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

  private:
    void run_worker(unsigned worker);
    void stop() noexcept;

    static constexpr std::uint32_t kClosed = 1u << 31;

    std::vector<std::unique_ptr<script::Vm>> vms_;
    std::vector<std::thread> threads_;
    std::atomic<std::uint32_t> wake_{0};
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::uint32_t> joined_{kClosed};  // workers in the dispatch under way, or kClosed
    std::atomic<SharedWork*> work_{nullptr};
    std::atomic<IdleWork*> idle_work_{nullptr};
    std::atomic<std::uint32_t> idle_workers_{0};  // at idle work
    std::atomic<bool> stopping_{false};
};

}  // namespace canon::jobs
