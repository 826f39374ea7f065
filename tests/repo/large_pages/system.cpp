// A system whose pages have 64 KiB, as some for arm64 and ppc64el have: preloaded, it does what
// such a system does to those who count on smaller ones.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t kPage = 64 << 10;

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool in_the_middle_of_a_page(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % kPage != 0;
}

std::size_t whole_pages(std::size_t size) { return (size + kPage - 1) / kPage * kPage; }

}  // namespace

extern "C" {

long sysconf(int name) noexcept {
    static const auto ask = next<long (*)(int)>("sysconf");
    return name == _SC_PAGESIZE ? static_cast<long>(kPage) : ask(name);
}

int mprotect(void* address, std::size_t size, int protection) noexcept {
    static const auto protect = next<int (*)(void*, std::size_t, int)>("mprotect");
    if (in_the_middle_of_a_page(address)) {
        errno = EINVAL;
        return -1;
    }
    return protect(address, whole_pages(size), protection);
}

int madvise(void* address, std::size_t size, int advice) noexcept {
    static const auto advise = next<int (*)(void*, std::size_t, int)>("madvise");
    if (in_the_middle_of_a_page(address)) {
        errno = EINVAL;
        return -1;
    }
    return advise(address, size, advice);
}

}  // extern "C"
