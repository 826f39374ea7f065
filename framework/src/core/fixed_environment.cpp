#include "core/fixed_environment.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace canon {
namespace {

locale_t c_locale() noexcept {
    static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;
}

}  // namespace

FixedEnvironment::FixedEnvironment() noexcept : locale_(uselocale(c_locale())) {
    std::fegetenv(&floats_);
#if defined(__x86_64__)
    control_ = _mm_getcsr();
#endif
    std::fesetenv(FE_DFL_ENV);
#if defined(__x86_64__)
    _mm_setcsr(0x1F80);  // FE_DFL_ENV need not clear flush-to-zero and denormals-are-zero
#elif defined(__aarch64__)
    __builtin_aarch64_set_fpcr(0);
#endif
}

FixedEnvironment::~FixedEnvironment() {
    std::fesetenv(&floats_);
#if defined(__x86_64__)
    _mm_setcsr(control_);
#endif
    uselocale(locale_);
}

}  // namespace canon
