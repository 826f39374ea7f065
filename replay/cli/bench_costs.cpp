// The benches of single steps: a call to the main thread, a restore, memory.
#include <cstdio>
#include <cstring>

#include "cli/bench.hpp"
#include "cli/bench_programs.hpp"
#include "script/bare_lua.hpp"
#include "script/image.hpp"

namespace canon::cli {
namespace {

Figure plain(const char* bench, const char* what, double value, const char* unit) {
    Figure figure;
    figure.bench = bench;
    figure.what = what;
    figure.value = value;
    figure.unit = unit;
    return figure;
}

void no_pressure(void*, bool) {}

// Restores an image of `bytes` of which three pages have been written.
double restore_time(const BenchSettings& settings, std::size_t bytes, bool full_copy) {
    constexpr std::size_t kBlock = 512;
    constexpr int kRestores = 1000;
    script::Image::force_full_copy(full_copy);
    script::Arena arena(4 * bytes, no_pressure, nullptr);
    script::Image image(arena);
    for (std::size_t used = 0; used < bytes; used += kBlock)
        std::memset(arena.reallocate(nullptr, 0, kBlock), 1, kBlock);
    image.take();
    const double nanoseconds = measure_alone(
        settings, {[&] {
                       for (int i = 0; i < kRestores; ++i) {
                           for (const std::size_t at : {std::size_t{0}, bytes / 2, bytes - 1})
                               ++arena.base()[at];
                           image.restore();
                       }
                   },
                   kRestores});
    script::Image::force_full_copy(false);
    return nanoseconds;
}

// The most memory that the process has held, in MiB; 0 where the system does not tell.
double peak_mebibytes() {
    std::FILE* file = std::fopen("/proc/self/status", "r");
    if (file == nullptr) return 0;
    char line[256];
    long kibibytes = 0;
    while (std::fgets(line, sizeof line, file) != nullptr)
        if (std::sscanf(line, "VmHWM: %ld kB", &kibibytes) == 1) break;
    std::fclose(file);
    return static_cast<double>(kibibytes) / 1024;
}

}  // namespace

void bench_call(const BenchOptions& options, FigureSink& sink) {
    constexpr std::int64_t kUnits = 4'000;
    Simulation::Host host;
    host.handlers.emplace_back("answer", [](HandlerContext&, const Value& data) { return data; });
    const std::string in_lua =
        std::string(kAskProgram) + "function actions.answer(data) return data end\n";
    BenchSimulation idle(program_of(kIdleProgram), kUnits, 1);
    BenchSimulation by_host(program_of(kAskProgram), kUnits, 1, host);
    BenchSimulation by_lua(program_of(in_lua), kUnits, 1);
    script::BareLua bare(kAskProgram, "run");
    const auto frames = [](BenchSimulation& simulation) {
        return Work{[&simulation] { simulation.frame(); }, static_cast<double>(kUnits)};
    };
    const double without = measure_alone(options.settings, frames(idle));
    const double resumed = measure_alone(
        options.settings, {[&] { bare.run_resumed(1, 1 + kUnits); }, static_cast<double>(kUnits)});
    const auto add = [&](const char* what, BenchSimulation& simulation) {
        const double with = measure_alone(options.settings, frames(simulation));
        Figure figure = plain("call", what, with - without, "ns");
        figure.raw = {{"job that calls ns", with},
                      {"empty job ns", without},
                      {"bare yield and resume ns", resumed}};
        sink.add(figure);
    };
    add("engine.call answered by a C++ handler", by_host);
    add("engine.call answered by a Lua handler", by_lua);
}

void bench_restore(const BenchOptions& options, FigureSink& sink) {
    constexpr std::size_t kSmall = 30 << 10, kLarge = 2 << 20;
    sink.add(plain("restore", "30 KiB, three hot pages",
                   restore_time(options.settings, kSmall, false), "ns"));
    sink.add(
        plain("restore", "30 KiB, full copy", restore_time(options.settings, kSmall, true), "ns"));
    sink.add(plain("restore", "2 MiB, three hot pages",
                   restore_time(options.settings, kLarge, false), "ns"));
    sink.add(
        plain("restore", "2 MiB, full copy", restore_time(options.settings, kLarge, true), "ns"));
}

void bench_memory(const BenchOptions&, FigureSink& sink) {
    BenchSimulation simulation(program_of(kThinkProgram), 20'000, 2);
    for (int frame = 0; frame < 10; ++frame) simulation.frame();
    sink.add(plain("memory", "peak of the process, with what ran before", peak_mebibytes(), "MiB"));
}

}  // namespace canon::cli
