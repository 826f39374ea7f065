// Target: one entry for fuzzing, by name: a function of the input alone that tells whether the
// library keeps its promises for it.
//
// A target is tests/fuzz/NAME.cpp; it registers itself. The fuzzer (driver/main.cpp) looks for
// inputs, tests/unit/fuzz_corpus.cpp runs the kept ones of corpus/NAME.
#pragma once
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace canon::fuzz {

using Input = std::span<const std::uint8_t>;

/// A promise that the library broke.
class Finding : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Fails: throws Finding unless `kept`.
void expect(bool kept, const std::string& promise);

class Target {
  public:
    /// Registers. `name` and `subject` are literals.
    Target(const char* name, const char* subject, void (*run)(Input));

    /// Fails: throws Finding, or whatever else the library throws where it should not.
    void run(Input input) const { run_(input); }
    const char* name() const noexcept { return name_; }
    const char* subject() const noexcept { return subject_; }

    static const Target* first() noexcept;
    const Target* next() const noexcept { return next_; }
    /// Null where there is none.
    static const Target* find(const std::string& name) noexcept;

  private:
    const char* name_;
    const char* subject_;
    void (*run_)(Input);
    const Target* next_;
};

}  // namespace canon::fuzz
