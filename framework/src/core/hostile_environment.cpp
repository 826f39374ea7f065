#include "core/hostile_environment.hpp"

#include <langinfo.h>

#include <cstring>
#include <string>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "core/chaos.hpp"

namespace canon {
namespace {

thread_local const HostileEnvironment* innermost = nullptr;

bool has_decimal_comma(locale_t locale) noexcept {
    return std::strcmp(nl_langinfo_l(RADIXCHAR, locale), ",") == 0;
}

// Which locales a machine has differs; names that are not there are no error.
locale_t hostile_locale() noexcept {
    static const locale_t locale = [] {
        for (const char* language : {"de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "ru_RU", "tr_TR"})
            for (const char* charset : {"", ".UTF-8", ".ISO-8859-1"}) {
                const std::string name = std::string(language) + charset;
                const locale_t found = newlocale(LC_ALL_MASK, name.c_str(), nullptr);
                if (found == nullptr) continue;
                if (has_decimal_comma(found)) return found;
                freelocale(found);
            }
        for (const char* name : {"en_US.UTF-8", "C.UTF-8"})
            if (const locale_t found = newlocale(LC_ALL_MASK, name, nullptr)) return found;
        return newlocale(LC_ALL_MASK, "C", nullptr);
    }();
    return locale;
}

void flush_denormals() noexcept {
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040);  // results to zero, and operands
#elif defined(__aarch64__)
    __builtin_aarch64_set_fpcr(__builtin_aarch64_get_fpcr() | 1u << 24);
#endif
}

}  // namespace

HostileEnvironment::HostileEnvironment(std::uint64_t chaos, std::uint64_t moment) noexcept {
    if (chaos == 0) return;
    std::fegetenv(&floats_);
#if defined(__x86_64__)
    control_ = _mm_getcsr();
#endif
    RandomStream random(chaos ^ moment << 32, Chaos::stream_environment);
    constexpr int kRoundings[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    rounding_ = kRoundings[random.next_integer(0, 2)];
    std::fesetround(rounding_);
    flush_denormals();
    locale_ = uselocale(hostile_locale());
    outer_ = innermost;
    innermost = this;
}

HostileEnvironment::~HostileEnvironment() {
    if (locale_ == nullptr) return;
    innermost = outer_;
    uselocale(locale_);
    std::fesetenv(&floats_);
#if defined(__x86_64__)
    _mm_setcsr(control_);
#endif
}

const HostileEnvironment* HostileEnvironment::around() noexcept { return innermost; }

}  // namespace canon
