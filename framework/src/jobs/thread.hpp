// Thread: a thread with a name, and a stack and processors of the host's choosing.
#pragma once
#include <pthread.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace canon::jobs {

struct ThreadOptions {
    std::string name;                  ///< what debuggers and profilers show; cut to 15 bytes
    std::size_t stack_bytes = 0;       ///< 0: the system's default
    std::vector<int> processors = {};  ///< it may run on these alone; empty: on all
};

/// Joined when it goes.
class Thread {
  public:
    /// Fails: throws canon::Error that says which of the options the system refused.
    Thread(const ThreadOptions& options, std::function<void()> body);
    ~Thread();
    Thread(Thread&& other) noexcept;
    Thread& operator=(Thread&&) = delete;

  private:
    pthread_t thread_{};
    bool running_ = false;
};

}  // namespace canon::jobs
