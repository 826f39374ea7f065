#include "jobs/worker_pool.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "canon/error.hpp"
#include "core/fixed_environment.hpp"
#include "script/watch.hpp"

namespace canon {
namespace jobs {
namespace {

void pause_briefly() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

WorkerPool::WorkerPool(const WorkersOptions& options) : workers_(options.threads + std::size_t{1}) {
    if (options.threads > 1023)
        throw Error("at most 1023 workers, not " + std::to_string(options.threads));
    if (options.host_threads) return;
    threads_.reserve(options.threads);
    try {
        for (unsigned i = 1; i <= options.threads; ++i) {
            ThreadOptions own{
                options.thread_name + " " + std::to_string(i), options.stack_bytes, {}};
            if (!options.processors.empty())
                own.processors = {options.processors[i % options.processors.size()]};
            threads_.emplace_back(own, [this, i] { run_thread(i); });
        }
    } catch (...) {
        stop();
        throw;
    }
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() noexcept {
    stopping_ = true;
    wake();
    threads_.clear();
}

void WorkerPool::wake() noexcept {
    wake_.fetch_add(1, std::memory_order_release);
    wake_.notify_all();
}

void WorkerPool::wake_one() noexcept {
    wake_.fetch_add(1, std::memory_order_release);
    wake_.notify_one();
}

void WorkerPool::dispatch(SharedWork& work) {
    const script::Watch watch;
    if (size() == 1 || dispatching_.exchange(true, std::memory_order_acquire)) return work.work(0);
    work_.store(&work, std::memory_order_relaxed);
    joined_.store(0, std::memory_order_release);
    generation_.fetch_add(1, std::memory_order_release);
    wake();
    work.work(0);
    std::uint32_t joined = joined_.fetch_or(kClosed, std::memory_order_acq_rel) | kClosed;
    for (int spins = 0; joined != kClosed; joined = joined_.load(std::memory_order_acquire)) {
        if (++spins < 4096)
            pause_briefly();
        else
            joined_.wait(joined, std::memory_order_acquire);
    }
    dispatching_.store(false, std::memory_order_release);
}

void WorkerPool::add_idle_work(IdleWork& work) {
    {
        std::lock_guard lock(slots_mutex_);
        std::size_t free = 0;
        while (free < kMaxIdleWorks && slots_[free].work.load() != nullptr) ++free;
        if (free == kMaxIdleWorks)
            throw Error("at most " + std::to_string(kMaxIdleWorks) +
                        " simulations and runners share workers; make others");
        slots_[free].work.store(&work);
        if (free >= slots_used_.load()) slots_used_.store(free + 1);
    }
    wake();
}

void WorkerPool::remove_idle_work(IdleWork& work) noexcept {
    std::lock_guard lock(slots_mutex_);
    for (IdleSlot& slot : slots_) {
        if (slot.work.load() != &work) continue;
        slot.work.store(nullptr);
        for (std::uint32_t at_it = slot.workers.load(); at_it != 0; at_it = slot.workers.load())
            slot.workers.wait(at_it);
    }
}

bool WorkerPool::join_dispatch(unsigned worker) {
    const std::uint64_t newest = generation_.load(std::memory_order_acquire);
    if (newest == workers_[worker].generation) return false;
    workers_[worker].generation = newest;
    std::uint32_t joined = joined_.load(std::memory_order_acquire);
    while ((joined & kClosed) == 0 &&
           !joined_.compare_exchange_weak(joined, joined + 1, std::memory_order_acq_rel)) {
    }
    if ((joined & kClosed) != 0) return false;
    work_.load(std::memory_order_relaxed)->work(worker);
    if (joined_.fetch_sub(1, std::memory_order_acq_rel) == (kClosed | 1)) joined_.notify_all();
    return true;
}

bool WorkerPool::do_idle_work(unsigned worker) {
    const std::size_t used = slots_used_.load();
    const std::size_t first = workers_[worker].turn++;
    bool did = false;
    for (std::size_t i = 0; i < used && !did; ++i) {
        IdleSlot& slot = slots_[(first + i) % used];
        if (slot.work.load() == nullptr) continue;
        slot.workers.fetch_add(1);
        // Once more: whoever takes it away after this waits for us.
        if (IdleWork* const work = slot.work.load()) did = work->work_idle(worker);
        slot.workers.fetch_sub(1);
        slot.workers.notify_all();
    }
    return did;
}

bool WorkerPool::run_worker(unsigned worker) {
    CANON_ASSERT(threads_.empty() && worker >= 1 && worker < size(),
                 "run_worker is for the workers 1 to `threads` of Workers with host_threads");
    const FixedEnvironment environment;
    const script::Watch watch;
    return join_dispatch(worker) || do_idle_work(worker);
}

void WorkerPool::help_until(unsigned worker, const Barrier& barrier) {
    while (!barrier.reached()) {
        if (run_worker(worker)) continue;
        for (int spins = 0; spins < 256 && !barrier.reached(); ++spins) pause_briefly();
        if (!barrier.reached()) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

void WorkerPool::run_thread(unsigned worker) {
    const FixedEnvironment environment;
    while (true) {
        const std::uint32_t seen = wake_.load(std::memory_order_acquire);
        if (stopping_.load(std::memory_order_acquire)) return;
        if (join_dispatch(worker) || do_idle_work(worker)) continue;
        // Work often comes in a stream, and sleeping and waking cost more than a short job.
        for (int spins = 0; spins < 512 && wake_.load(std::memory_order_relaxed) == seen; ++spins)
            pause_briefly();
        wake_.wait(seen, std::memory_order_acquire);
    }
}

}  // namespace jobs

unsigned WorkersOptions::default_threads() noexcept {
    return std::max(std::thread::hardware_concurrency(), 2u) - 1;
}

Workers::Workers(const WorkersOptions& options)
    : pool_(std::make_shared<jobs::WorkerPool>(options)) {}
Workers::~Workers() = default;
unsigned Workers::count() const noexcept { return pool_->size(); }
bool Workers::run_worker(unsigned worker) { return pool_->run_worker(worker); }
void Workers::help_until(unsigned worker, const Barrier& barrier) {
    pool_->help_until(worker, barrier);
}

}  // namespace canon
