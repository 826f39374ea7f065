// Pairs: two pieces of work, timed turn by turn, so that what disturbs the machine disturbs both.
//
// A figure is the median over pairs of the ratio within a pair. Work of one thread is timed by the
// process's processor time, which other programs do not add to; work of several threads by the
// clock on the wall, which they do: those figures need a quiet machine, and `others` tells.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace canon::cli {

struct BenchSettings {
    int pairs = 15;
    double seconds = 0.12;  ///< of each side of a pair, at least
};

enum class TimedBy : std::uint8_t { processor, wall };

/// `once` does `units` of work.
struct Work {
    std::function<void()> once;
    double units = 1;
};

struct Pairs {
    double ratio = 0;  ///< median of first / second, for one unit each
    double first_nanoseconds = 0, second_nanoseconds = 0;  ///< medians, for one unit
    double first_least = 0, second_least = 0;
    double others = 0;  ///< share of the machine that other programs used, 0 to 1
};

/// Warms up, then runs the pairs, the first to begin alternating.
Pairs measure(const BenchSettings& settings, TimedBy timed_by, const Work& first,
              const Work& second);

/// Nanoseconds for one unit: the median of as many runs as there are pairs.
double measure_alone(const BenchSettings& settings, const Work& work);

double median(std::vector<double> numbers);

}  // namespace canon::cli
