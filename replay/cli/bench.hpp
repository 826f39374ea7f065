// Bench: what `canon bench` measures, and what it found.
//
// A figure is a ratio wherever that can be, since nanoseconds say more of the machine than of us.
// Its bound is what the project promises.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench_pairs.hpp"

namespace canon::cli {

struct Figure {
    std::string bench;  ///< the name it is asked for by
    std::string what;
    double value = 0;
    std::string unit = "x";
    enum class Bound : std::uint8_t { none, at_most, at_least } bound = Bound::none;
    double limit = 0;
    /// What the value was made of, in the words of `unit`s of its own: "simulation ns".
    std::vector<std::pair<std::string, double>> raw = {};
    double others = 0;      ///< share of the machine that other programs used meanwhile
    std::string note = {};  ///< for instance why a bound is out of reach

    bool holds() const noexcept {
        return bound == Bound::none || (bound == Bound::at_most ? value <= limit : value >= limit);
    }
};

struct BenchOptions {
    BenchSettings settings;
    std::string skirmish;  ///< its folder; empty: to be looked for
};

/// Where a bench leaves its figures.
class FigureSink {
  public:
    virtual void add(const Figure& figure) = 0;

  protected:
    ~FigureSink() = default;
};

struct Bench {
    const char* name;
    const char* about;
    void (*run)(const BenchOptions& options, FigureSink& sink);
};

/// In the order in which they run.
std::span<const Bench> benches() noexcept;

void bench_job(const BenchOptions& options, FigureSink& sink);
void bench_image(const BenchOptions& options, FigureSink& sink);
void bench_reads(const BenchOptions& options, FigureSink& sink);
void bench_long(const BenchOptions& options, FigureSink& sink);
void bench_isolation(const BenchOptions& options, FigureSink& sink);
void bench_allocations(const BenchOptions& options, FigureSink& sink);
void bench_skirmish(const BenchOptions& options, FigureSink& sink);
void bench_call(const BenchOptions& options, FigureSink& sink);
void bench_restore(const BenchOptions& options, FigureSink& sink);
void bench_runner(const BenchOptions& options, FigureSink& sink);
void bench_strict(const BenchOptions& options, FigureSink& sink);
/// samples/skirmish of the repository that this binary was built in, or of the folder we are in.
/// Fails: throws canon::Error where there is none.
std::string find_skirmish();

void bench_replay(const BenchOptions& options, FigureSink& sink);
void bench_world(const BenchOptions& options, FigureSink& sink);
void bench_memory(const BenchOptions& options, FigureSink& sink);

}  // namespace canon::cli
