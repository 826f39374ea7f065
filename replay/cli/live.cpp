#include "cli/live.hpp"

#include <algorithm>
#include <thread>

#include "cli/interruption.hpp"

namespace canon::cli {

void Pace::wait() {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kSlice{50};  // after which an interruption is seen
    const auto due = begin_ + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(frames_++ * seconds_));
    for (auto now = Clock::now(); now < due && !is_interrupted(); now = Clock::now())
        std::this_thread::sleep_until(std::min(due, now + kSlice));
}

void add_done(const Simulation& simulation, std::vector<Input>& inputs) {
    const std::vector<JobId> done = simulation.done_jobs();
    if (!done.empty()) inputs.push_back(Input::done(done, simulation.frame().value + 1));
}

}  // namespace canon::cli
