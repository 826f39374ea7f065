// Hostile environment: a thread as a bad host would leave it: it rounds in another direction,
// flushes denormals to zero, and has a locale with a decimal comma if the machine has one, else
// another one than "C".
//
// A simulation in chaos steps inside of it, so a part of Canon that does not set its own
// environment shows. Of the process nothing is changed: other threads of the host go on as they
// are.
#pragma once
#include <locale.h>
#include <cfenv>
#include <cstdint>

namespace canon {

class HostileEnvironment {
  public:
    /// Nothing if `chaos` is 0. `moment` varies the environment.
    HostileEnvironment(std::uint64_t chaos, std::uint64_t moment) noexcept;
    ~HostileEnvironment();
    HostileEnvironment(const HostileEnvironment&) = delete;
    HostileEnvironment& operator=(const HostileEnvironment&) = delete;

    /// Of this thread, the innermost one, whatever has been set inside of it; null: none. For
    /// tests.
    static const HostileEnvironment* around() noexcept;
    int rounding() const noexcept { return rounding_; }

  private:
    std::fenv_t floats_;
    unsigned control_ = 0;       // as in FixedEnvironment
    locale_t locale_ = nullptr;  // the host's; null: nothing was set
    int rounding_ = 0;
    const HostileEnvironment* outer_ = nullptr;
};

}  // namespace canon
