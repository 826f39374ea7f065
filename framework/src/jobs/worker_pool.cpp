#include "jobs/worker_pool.hpp"

#include "canon/error.hpp"
#include "core/fixed_environment.hpp"
#include "script/watch.hpp"

namespace canon::jobs {
namespace {

void pause_briefly() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

WorkerPool::WorkerPool(const WorkerOptions& options, const script::Vm::Setup& setup)
    : generations_(options.count, 0) {
    for (unsigned i = 0; i < options.count; ++i) {
        vms_.push_back(std::make_unique<script::Vm>(setup));
        // The check that no trace of the machine (addresses, clock, history) is in the heap that
        // scripts start from.
        if (vms_[i]->image_digest() != vms_[0]->image_digest() ||
            vms_[i]->schema()->digest() != vms_[0]->schema()->digest())
            throw Error(
                "two workers loaded the same program into different heaps: results would depend on "
                "the worker. "
                "This is a bug of Canon or of this build of Lua");
    }
    if (options.host_threads) return;
    threads_.reserve(options.count - 1);
    try {
        for (unsigned i = 1; i < options.count; ++i) {
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
    if (size() == 1) {
        work.work(0);
    } else {
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
    }
}

void WorkerPool::set_idle_work(IdleWork* work) {
    idle_work_.store(work);
    for (std::uint32_t at_it = idle_workers_.load(); at_it != 0; at_it = idle_workers_.load())
        idle_workers_.wait(at_it);
    if (work != nullptr) wake();
}

bool WorkerPool::join_dispatch(unsigned worker) {
    const std::uint64_t newest = generation_.load(std::memory_order_acquire);
    if (newest == generations_[worker]) return false;
    generations_[worker] = newest;
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
    idle_workers_.fetch_add(1);
    bool did = false;
    if (IdleWork* idle = idle_work_.load()) did = idle->work_idle(worker);
    idle_workers_.fetch_sub(1);
    idle_workers_.notify_all();
    return did;
}

bool WorkerPool::run_worker(unsigned worker) {
    const FixedEnvironment environment;
    const script::Watch watch;
    return join_dispatch(worker) || do_idle_work(worker);
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

}  // namespace canon::jobs
