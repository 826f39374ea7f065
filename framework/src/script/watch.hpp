// Watch: stops hookless runs that take too long, on the thread that makes them.
//
// While a thread runs scripts, a timer of its own sends it a signal every millisecond; the handler
// sees whether the same run is still under way, and sets the hook that ends it. lua_sethook only
// writes a few fields of the state, so a signal handler may call it, but only on the thread that
// runs the state: from another one it corrupts the interpreter. No thread is needed for this, so a
// host that gives us its own keeps all of them in hand.
//
// The timer stops by itself when it finds no run under way. On a host's thread a Watch also stops
// it at the end of our work, so that the host is not interrupted in its waiting even once.
#pragma once
#include <csignal>

#include "script/vm_context.hpp"

namespace canon::script {

/// How a Watch ends the run under way; see vm.cpp.
void stop_running(VmContext& run, Kill why) noexcept;

class Watch {
  public:
    Watch() = default;
    ~Watch() { stop(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Watches one run on this thread, then again what was watched before: a host function may run
    /// scripts of another VM.
    class Run {
      public:
        explicit Run(VmContext& run) noexcept : outer_(watched_) {
            watched_ = &run;
            works_ = ticking_ != 0 || start();
        }
        ~Run() { watched_ = outer_; }
        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;
        /// False where watching is impossible.
        bool works() const noexcept { return works_; }

      private:
        VmContext* outer_;
        bool works_;
    };

  private:
    static bool start() noexcept;
    static void stop() noexcept;
    static void tick(int signal);

    static inline thread_local VmContext* volatile watched_ = nullptr;
    static inline thread_local volatile std::sig_atomic_t ticking_ = 0;
};

}  // namespace canon::script
