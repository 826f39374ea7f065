#include "script/watch.hpp"

#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "canon/error.hpp"
#include "core/sanitizers.hpp"

// glibc calls the member by this name from 2.38 on only.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace canon::script {
namespace {

constexpr long kTickNanoseconds = 1'000'000;

int tick_signal() noexcept { return SIGRTMIN + 3; }

// Of one thread; made when it first runs a script, gone with it.
struct ThreadTimer {
    timer_t id{};
    bool made = false;

    ~ThreadTimer() {
        if (made) timer_delete(id);
    }
    bool make() noexcept {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = tick_signal();
        event.sigev_notify_thread_id = gettid();
        made = timer_create(CLOCK_MONOTONIC, &event, &id) == 0;
        return made;
    }
    bool set(long nanoseconds) noexcept {
        itimerspec when{};
        when.it_value.tv_nsec = nanoseconds;
        return timer_settime(id, 0, &when, nullptr) == 0;
    }
};

thread_local ThreadTimer timer;

bool install_handler(void (*handler)(int)) noexcept {
    static const bool installed = [handler] {
        struct sigaction action {};
        action.sa_handler = handler;
        action.sa_flags = SA_RESTART | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        return sigaction(tick_signal(), &action, nullptr) == 0;
    }();
    return installed;
}

}  // namespace

bool Watch::start() noexcept {
    // The thread sanitizer hands a signal over when the thread next calls the C library, which an
    // endless loop in Lua never does.
    if (kThreadSanitizer || !install_handler(tick)) return false;
    if (!timer.made && !timer.make()) return false;
    ticking_ = 1;
    // In a child of fork the timer is not there any more.
    if (timer.set(kTickNanoseconds) || (timer.make() && timer.set(kTickNanoseconds))) return true;
    ticking_ = 0;
    return false;
}

void Watch::stop() noexcept {
    if (ticking_ == 0 || watched_ != nullptr) return;  // or the run around it would not end
    timer.set(0);
    ticking_ = 0;
}

// On the thread that runs scripts, between any two of its instructions.
void Watch::tick(int) {
    const int kept = errno;
    VmContext* const run = watched_;
    if (run == nullptr || run->running == nullptr) {
        ticking_ = 0;
    } else {
        const std::uint64_t serial = run->serial.load(std::memory_order_relaxed);
        if (run->is_cancelled()) {
            stop_running(*run, Kill::cancelled);
        } else if (serial != run->seen_serial) {
            run->seen_serial = serial;
            run->seen_ticks = 0;
        } else if (++run->seen_ticks >= run->ticks_allowed && !run->counted) {
            stop_running(*run, Kill::overdue);
        }
        timer.set(kTickNanoseconds);
    }
    errno = kept;
}

}  // namespace canon::script
