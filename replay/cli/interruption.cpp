#include "cli/interruption.hpp"

#include <csignal>

namespace canon::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

void catch_interruption() {
    std::signal(SIGINT, [](int) {
        interrupted = 1;
        std::signal(SIGINT, SIG_DFL);
    });
}

bool is_interrupted() noexcept { return interrupted != 0; }

}  // namespace canon::cli
