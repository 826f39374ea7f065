#include "jobs/thread.hpp"

#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "canon/error.hpp"

namespace canon::jobs {
namespace {

struct Start {
    std::string name;
    std::function<void()> body;
};

void* run(void* argument) {
    const std::unique_ptr<Start> start(static_cast<Start*>(argument));
    pthread_setname_np(pthread_self(), start->name.substr(0, 15).c_str());
    start->body();
    return nullptr;
}

struct Attributes {
    pthread_attr_t value;
    Attributes() { pthread_attr_init(&value); }
    ~Attributes() { pthread_attr_destroy(&value); }
};

// Whole pages, and never less than the system needs.
std::size_t stack_size(std::size_t asked) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t least = static_cast<std::size_t>(sysconf(_SC_THREAD_STACK_MIN)) + 65'536;
    return (std::max(asked, least) + page - 1) / page * page;
}

}  // namespace

Thread::Thread(const ThreadOptions& options, std::function<void()> body) {
    Attributes attributes;
    const auto check = [&](int error, const std::string& what) {
        if (error != 0)
            throw Error("cannot start the thread '" + options.name + "'" + what + ": " +
                        std::strerror(error));
    };
    if (options.stack_bytes != 0)
        check(pthread_attr_setstacksize(&attributes.value, stack_size(options.stack_bytes)),
              " with a stack of " + std::to_string(options.stack_bytes) + " bytes");
    if (!options.processors.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (const int processor : options.processors) {
            if (processor < 0 || processor >= CPU_SETSIZE)
                throw Error("there is no processor " + std::to_string(processor));
            CPU_SET(static_cast<std::size_t>(processor), &set);
        }
        check(pthread_attr_setaffinity_np(&attributes.value, sizeof set, &set),
              " on the processors given");
    }
    auto start = std::make_unique<Start>(Start{options.name, std::move(body)});
    check(pthread_create(&thread_, &attributes.value, run, start.get()), "");
    start.release();
    running_ = true;
}

Thread::Thread(Thread&& other) noexcept : thread_(other.thread_), running_(other.running_) {
    other.running_ = false;
}

Thread::~Thread() {
    if (running_) pthread_join(thread_, nullptr);
}

}  // namespace canon::jobs
