// The programs of the benchmarks, and simulations of them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "canon/simulation.hpp"

namespace canon::cli {

/// The reference job: the nearest of 16 targets, and one native action.
extern const char* const kThinkProgram;
/// The second one: reads three fields of 16 neighbours.
extern const char* const kLookProgram;
/// About 100 microseconds of arithmetic.
extern const char* const kPonderProgram;
/// Stops once in engine.call; `actions.answer` is a Lua handler.
extern const char* const kAskProgram;
/// Does nothing.
extern const char* const kIdleProgram;

/// The program with a module beside it that makes the image about `bytes` larger.
std::shared_ptr<const Program> program_of(const std::string& source, std::size_t bytes = 0);

/// A simulation of one of them: each frame runs a job for each of `units` entities.
class BenchSimulation {
  public:
    BenchSimulation(std::shared_ptr<const Program> program, std::int64_t units, unsigned workers,
                    Simulation::Host host = {});

    /// Fails: throws canon::Error if a job faulted, since the figures would be worth nothing.
    const FrameReport& frame();
    Simulation& simulation() noexcept { return *simulation_; }
    /// Of the first entity; the others follow.
    std::int64_t first_id() const noexcept { return first_id_; }
    std::int64_t units() const noexcept { return units_; }
    /// The field `target` of an entity, as a number.
    double target_of(std::int64_t id) const;

  private:
    std::unique_ptr<Simulation> simulation_;
    std::int64_t units_;
    std::int64_t first_id_ = 0;
};

}  // namespace canon::cli
