#include "canon/error.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace canon {
namespace {

void print_and_abort(const char* condition, const char* explanation, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: assertion failed: %s: %s\n", file, line, condition, explanation);
    std::abort();
}

// Atomic, since any worker may fail while the host still sets its handler.
std::atomic<AssertHandler> assert_handler = print_and_abort;

}  // namespace

AssertHandler set_assert_handler(AssertHandler handler) noexcept {
    return assert_handler.exchange(handler != nullptr ? handler : print_and_abort);
}

void assertion_failed(const char* condition, const char* explanation, const char* file,
                      int line) noexcept {
    assert_handler.load()(condition, explanation, file, line);
    std::abort();  // the handler returned, and what follows the assertion must not run
}

}  // namespace canon
