// Live: a session in real time: waits for the time of each frame, and delivers what background jobs
// have done by then.
#pragma once
#include <chrono>
#include <vector>

#include "canon/simulation.hpp"

namespace canon::cli {

class Pace {
  public:
    /// From now on so many frames a second.
    explicit Pace(double frames_per_second) : seconds_(1 / frames_per_second) {}

    /// Waits until it is time for the next frame; less long when the user interrupts.
    void wait();

  private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    double seconds_;
    double frames_ = 0;
};

/// What the session's background jobs have done by now, if anything, as an input of the frame to
/// come.
void add_done(const Simulation& simulation, std::vector<Input>& inputs);

}  // namespace canon::cli
