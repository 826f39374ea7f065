#include "cli/bench_pairs.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

namespace canon::cli {
namespace {

double now(clockid_t clock) {
    timespec at{};
    clock_gettime(clock, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
}

clockid_t clock_of(TimedBy timed_by) {
    return timed_by == TimedBy::processor ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
}

// Processor seconds that the whole machine has worked so far; 0 where the system does not tell.
double machine_seconds() {
    std::FILE* file = std::fopen("/proc/stat", "r");
    if (file == nullptr) return 0;
    unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupt = 0, soft = 0;
    const int got = std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
                                &system, &idle, &wait, &interrupt, &soft);
    std::fclose(file);
    if (got != 7) return 0;
    return static_cast<double>(user + nice + system + interrupt + soft) /
           static_cast<double>(sysconf(_SC_CLK_TCK));
}

// How often `work` is to be repeated to last as long as a side of a pair should.
int repeats_for(double seconds, const Work& work) {
    int repeats = 1;
    for (;;) {
        const double began = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < repeats; ++i) work.once();
        const double took = now(CLOCK_PROCESS_CPUTIME_ID) - began;
        if (took >= seconds / 4)
            return std::max(1, static_cast<int>(std::ceil(repeats * seconds / took)));
        repeats *= 2;
    }
}

double nanoseconds_for_one(TimedBy timed_by, const Work& work, int repeats) {
    const double began = now(clock_of(timed_by));
    for (int i = 0; i < repeats; ++i) work.once();
    return (now(clock_of(timed_by)) - began) * 1e9 / (repeats * work.units);
}

}  // namespace

double median(std::vector<double> numbers) {
    if (numbers.empty()) return 0;
    std::sort(numbers.begin(), numbers.end());
    const std::size_t half = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}

Pairs measure(const BenchSettings& settings, TimedBy timed_by, const Work& first,
              const Work& second) {
    const int first_repeats = repeats_for(settings.seconds, first);
    const int second_repeats = repeats_for(settings.seconds, second);
    std::vector<double> ratios, firsts, seconds;
    const double wall = now(CLOCK_MONOTONIC);
    const double own = now(CLOCK_PROCESS_CPUTIME_ID);
    const double machine = machine_seconds();
    for (int pair = 0; pair < settings.pairs; ++pair) {
        double a, b;
        if (pair % 2 == 0) {
            a = nanoseconds_for_one(timed_by, first, first_repeats);
            b = nanoseconds_for_one(timed_by, second, second_repeats);
        } else {
            b = nanoseconds_for_one(timed_by, second, second_repeats);
            a = nanoseconds_for_one(timed_by, first, first_repeats);
        }
        firsts.push_back(a);
        seconds.push_back(b);
        ratios.push_back(a / b);
    }
    const double others = machine_seconds() - machine - (now(CLOCK_PROCESS_CPUTIME_ID) - own);
    const double all =
        (now(CLOCK_MONOTONIC) - wall) * std::max(1u, std::thread::hardware_concurrency());
    Pairs result;
    result.first_least = *std::min_element(firsts.begin(), firsts.end());
    result.second_least = *std::min_element(seconds.begin(), seconds.end());
    result.ratio = median(std::move(ratios));
    result.first_nanoseconds = median(std::move(firsts));
    result.second_nanoseconds = median(std::move(seconds));
    result.others = std::clamp(others / all, 0.0, 1.0);
    return result;
}

double measure_alone(const BenchSettings& settings, const Work& work) {
    const int repeats = repeats_for(settings.seconds / 2, work);
    std::vector<double> times;
    for (int run = 0; run < settings.pairs; ++run)
        times.push_back(nanoseconds_for_one(TimedBy::processor, work, repeats));
    return median(std::move(times));
}

}  // namespace canon::cli
