// Disorder: the order in which the workers of a simulation in chaos draw jobs, and how they are
// held up.
//
// Neither is part of what decides an outcome. Both are functions of the seed and of the job's
// place, so that with one worker a seed repeats the whole course.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace canon::jobs {

class Disorder {
  public:
    /// 0: jobs come in their usual order, and nobody waits.
    explicit Disorder(std::uint64_t chaos) noexcept : chaos_(chaos) {}

    bool reigns() const noexcept { return chaos_ != 0; }
    void shuffle(std::span<std::uint32_t> order, std::uint64_t moment) const noexcept;
    /// How many jobs are drawn at a time, at most as many as usual.
    std::size_t batch(std::size_t usual, std::uint64_t moment) const noexcept;
    /// Sleeps for some microseconds now and then. `place`: of the work that waits.
    void hold_up(std::uint64_t moment, std::uint64_t place) noexcept;
    std::uint64_t held_up() const noexcept { return held_up_.load(std::memory_order_relaxed); }

  private:
    std::uint64_t chaos_;
    std::atomic<std::uint64_t> held_up_{0};
};

}  // namespace canon::jobs
