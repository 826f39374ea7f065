// The bench of heap allocations: malloc is taken over and counted, on all threads; operator new and
// everything else that allocates ends there.
//
// Where a sanitizer has taken malloc over, or the C library is not glibc, nothing is counted.
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cli/bench.hpp"
#include "cli/bench_programs.hpp"
#include "core/sanitizers.hpp"

namespace {

// Counting costs everyone a cache line that all threads write, so it is off but in this bench.
std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};

[[maybe_unused]] void count() noexcept {
    if (counting.load(std::memory_order_relaxed)) [[unlikely]]
        allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

#if defined(__GLIBC__) && !CANON_IS_SANITIZED
extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    count();
    return __libc_calloc(number, size);
}
void* realloc(void* block, std::size_t size) {
    count();
    return __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    count();
    *block = __libc_memalign(alignment, size);
    return *block != nullptr ? 0 : ENOMEM;
}

}  // extern "C"

namespace {
constexpr bool kCounts = true;
}
#else
namespace {
constexpr bool kCounts = false;
}
#endif

namespace canon::cli {
namespace {

// Allocations of one frame in the steady state.
double allocations_of_a_frame(const char* program, std::int64_t units, unsigned workers) {
    constexpr int kWarm = 20;
    constexpr int kFrames = 50;
    BenchSimulation simulation(program_of(program), units, workers);
    for (int frame = 0; frame < kWarm; ++frame) simulation.frame();
    allocations = 0;
    counting = true;
    for (int frame = 0; frame < kFrames; ++frame) simulation.frame();
    counting = false;
    return static_cast<double>(allocations.load()) / kFrames;
}

}  // namespace

void bench_allocations(const BenchOptions&, FigureSink& sink) {
    if (!kCounts) return;
    constexpr std::int64_t kFew = 1'600, kMany = 16'000;
    const auto add = [&](const char* what, const char* program) {
        const double few = allocations_of_a_frame(program, kFew, 2);
        const double many = allocations_of_a_frame(program, kMany, 2);
        Figure figure;
        figure.bench = "allocations";
        figure.what = what;
        figure.unit = "each";
        // A frame's own do not count: what is left is what more jobs make more of. Buffers that
        // grow once more after the warm frames, and runs that are made again because the machine
        // was busy, are none for each job.
        figure.value =
            std::round((many - few) / static_cast<double>(kMany - kFew) * 100) / 100 + 0.0;
        figure.bound = Figure::Bound::at_most;
        figure.limit = 0;
        figure.raw = {{"a frame of 1600 jobs", few}, {"a frame of 16000 jobs", many}};
        sink.add(figure);
    };
    add("heap allocations for a reference job", kThinkProgram);
    add("heap allocations for a job that reads", kLookProgram);
}

}  // namespace canon::cli
