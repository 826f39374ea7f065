// Environment: the floating-point environment and locale that scripts run in, whatever the host has
// set.
//
// A rounding mode or flush-to-zero of the host would change results; a locale would change texts.
// Each worker thread keeps the fixed environment for good; the main thread has it for the length of
// a step and gets its own back.
#pragma once
#include <locale.h>
#include <cfenv>

namespace canon {

class FixedEnvironment {
  public:
    FixedEnvironment() noexcept;
    ~FixedEnvironment();
    FixedEnvironment(const FixedEnvironment&) = delete;
    FixedEnvironment& operator=(const FixedEnvironment&) = delete;

  private:
    std::fenv_t floats_;
    unsigned control_ = 0;  // x86-64: MXCSR, which fesetenv does not restore in full
    locale_t locale_;
};

}  // namespace canon
