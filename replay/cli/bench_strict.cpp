// The bench of strict Lua: what its libraries cost against stock Lua's, for the same text.
//
// Stock is the system's shared Lua with its own C library and mathematics, since `^` and math.sin
// of the private copy are strict math's whatever libraries are open. Both sides run the same job
// again and again: stock in one state with its collector, strict each time from the pristine image,
// as jobs run. The first figure has no library in it: what the two interpreters differ in before
// any of ours.
#include <chrono>
#include <string>

#include "cli/bench.hpp"
#include "cli/bench_programs.hpp"
#include "script/bare_lua.hpp"
#include "script/image.hpp"
#include "script/image_loop.hpp"
#include "script/system_lua.hpp"

namespace canon::cli {
namespace {

constexpr std::int64_t kRuns = 20;

struct Snippet {
    const char* what;
    double at_most;  // 0: no bound
    int operations;  // of a run, for the nanoseconds alone
    const char* begin;
    const char* body;  // of the job
};

constexpr const char* kLines =
    "local line = 'unit_17 = soldier, at 1234 of 88.5; its morale is 77 and the end is near'\n"
    "local find, match, gmatch, gsub = string.find, string.match, string.gmatch, string.gsub\n";

constexpr Snippet kSnippets[] = {
    {"a loop without a library", 0, 4000, "", "for i = 1, 4000 do s = (s * 3 + i) % 1000003 end"},
    {"pairs over a sequence of 1,000", 1.5, 4000, "local t = {} for i = 1, 1000 do t[i] = i end",
     "for r = 1, 4 do for k, v in pairs(t) do s = s + v end end"},
    {"pairs over a record of 8 keys", 2.5, 800,
     "local t = { id = 1, x = 2, y = 3, heat = 4, name = 5, target = 6, speed = 7, team = 8 }",
     "for r = 1, 100 do for k, v in pairs(t) do s = s + v end end"},
    {"pairs over 10,000 mixed keys", 8, 10000,
     "local t = {} for i = 1, 2500 do t[i] = 1 t[i * 1000003] = 1 t[i + 0.5] = 1 t['key' .. i] = 1 "
     "end",
     "for k, v in pairs(t) do s = s + v end"},
    {"table.sort of 10,000 numbers", 1.2, 10000,
     "local from, x = {}, 1 for i = 1, 10000 do x = x * 16807 % 2147483647 from[i] = x end",
     "local t = {} for i = 1, 10000 do t[i] = from[i] end table.sort(t)"},
    {"table.sort of 10,000 floats", 1.2, 10000,
     "local from, x = {}, 1 for i = 1, 10000 do x = x * 16807 % 2147483647 from[i] = x / 7 end",
     "local t = {} for i = 1, 10000 do t[i] = from[i] end table.sort(t)"},
    {"table.sort of 1,000 by a comparator", 1.2, 1000,
     "local from, x = {}, 1 for i = 1, 1000 do x = x * 16807 % 2147483647 from[i] = x end",
     "local t = {} for i = 1, 1000 do t[i] = from[i] end table.sort(t, function(a, b) return a > b "
     "end)"},
    {"string.find of a pattern", 1.3, 300, kLines,
     "for r = 1, 100 do find(line, '%d+') find(line, '[;,] its') find(line, '^(%w+)%s*=%s*(%w+)') "
     "end"},
    {"string.find of a text", 1.3, 300, kLines,
     "for r = 1, 100 do find(line, 'soldier') find(line, 'near', 1, true) find(line, 'none') end"},
    {"string.match", 1.3, 300, kLines,
     "for r = 1, 100 do match(line, '(%w+), at (%d+)') match(line, '.-; (.*)') match(line, "
     "'%f[%d]%d+$') end"},
    {"string.gmatch", 1.3, 300, kLines,
     "for r = 1, 20 do for word in gmatch(line, '%a+') do s = s + 1 end end"},
    {"string.gsub by a text", 1.3, 200, kLines,
     "for r = 1, 100 do gsub(line, '%d+', '<%0>') gsub(line, ' ', '_') end"},
    {"string.gsub by a table", 1.3, 100, kLines,
     "local names = { soldier = 'knight', morale = 'mood' }\n"
     "for r = 1, 100 do gsub(line, '%a+', names) end"},
    {"string.gsub by a function", 1.3, 100, kLines,
     "for r = 1, 100 do gsub(line, '%d+', function(n) return n + 1 end) end"},
    {"math.sin", 2, 1000, "local sin = math.sin", "for i = 1, 1000 do s = s + sin(i * 0.37) end"},
    {"x ^ y", 6, 1000, "", "for i = 1, 1000 do s = s + (i * 0.37) ^ 1.7 end"},
    {"x ^ 2", 1.2, 1000, "", "for i = 1, 1000 do s = s + (i * 0.37) ^ 2 end"},
    {"x ^ 0.5", 1.2, 1000, "", "for i = 1, 1000 do s = s + (i * 0.37) ^ 0.5 end"},
    {"pcall without an error", 2, 1000, "local function f() end",
     "for i = 1, 1000 do pcall(f) end"},
    {"pcall with an error", 2, 1000, "local function f() error('lost', 0) end",
     "for i = 1, 1000 do pcall(f) end"},
    {"pcall with an engine error", 2, 1000, "local function f(x) return x.y end",
     "for i = 1, 1000 do pcall(f) end"},
    {"yield and resume", 2, 1000, "local yield, resume = coroutine.yield, coroutine.resume",
     "local co = coroutine.create(function() while true do yield() end end)\n"
     "for i = 1, 1000 do resume(co) end"},
    {"yield and resume, wrapped", 2, 1000, "local yield = coroutine.yield",
     "local co = coroutine.wrap(function() while true do yield() end end)\n"
     "for i = 1, 1000 do co() end"},
};

std::string program_text(const Snippet& snippet) {
    return std::string(snippet.begin) + "\nfunction jobs.run(id) local s = 0 " + snippet.body +
           " end";
}

void against_stock(const Snippet& snippet, const BenchOptions& options, FigureSink& sink) {
    const std::string text = program_text(snippet);
    script::SystemLua stock(text, "run");
    script::ImageLoop strict(program_of(text));
    const double units = static_cast<double>(kRuns * snippet.operations);
    const Pairs pairs =
        measure(options.settings, TimedBy::processor, {[&] { strict.run(1, 1 + kRuns); }, units},
                {[&] { stock.run(1, 1 + kRuns); }, units});
    Figure figure;
    figure.bench = "strict";
    figure.what = snippet.what;
    figure.value = pairs.ratio;
    if (snippet.at_most > 0) figure.bound = Figure::Bound::at_most;
    figure.limit = snippet.at_most;
    figure.raw = {{"strict ns", pairs.first_nanoseconds},
                  {"stock ns", pairs.second_nanoseconds},
                  {"strict (least)", pairs.first_least},
                  {"stock (least)", pairs.second_least}};
    figure.others = pairs.others;
    sink.add(figure);
}

constexpr int kRepeats = 10'000;

void no_pressure(void*, bool) {}

double page_time(const BenchSettings& settings) {
    script::Arena arena(1 << 20, no_pressure, nullptr);
    script::Image image(arena);
    arena.reallocate(nullptr, 0, 512);
    image.take();
    return measure_alone(settings, {[&] {
                                        for (int i = 0; i < kRepeats; ++i) {
                                            ++arena.base()[0];
                                            image.restore();
                                        }
                                    },
                                    kRepeats});
}

double clock_time(const BenchSettings& settings) {
    return measure_alone(settings, {[] {
                                        for (int i = 0; i < kRepeats; ++i)
                                            std::chrono::steady_clock::now();
                                    },
                                    kRepeats});
}

// What a run costs that does nothing: its limits, its random stream, the way back to the image.
// That way copies the pages that runs write to, one at least, and the end of each run is timed, so
// that no run escapes its budget uncounted: the two take more than the bound allows for all.
void fixed_cost(const BenchOptions& options, FigureSink& sink) {
    constexpr std::int64_t kEmptyRuns = 10'000;
    script::BareLua bare(kIdleProgram, "run");
    script::ImageLoop strict(program_of(kIdleProgram));
    const Pairs pairs = measure(options.settings, TimedBy::processor,
                                {[&] { strict.run(1, 1 + kEmptyRuns); }, kEmptyRuns},
                                {[&] { bare.run_resumed(1, 1 + kEmptyRuns); }, kEmptyRuns});
    Figure figure;
    figure.bench = "strict";
    figure.what = "an empty job, above a bare resume";
    figure.value = pairs.first_nanoseconds - pairs.second_nanoseconds;
    figure.unit = "ns";
    figure.bound = Figure::Bound::at_most;
    figure.limit = 50;
    figure.raw = {{"job ns", pairs.first_nanoseconds},
                  {"resume ns", pairs.second_nanoseconds},
                  {"of it copying a page back ns", page_time(options.settings)},
                  {"reading the clock ns", clock_time(options.settings)}};
    figure.note = "out of reach while each run begins from the image and is timed";
    figure.others = pairs.others;
    sink.add(figure);
}

}  // namespace

void bench_strict(const BenchOptions& options, FigureSink& sink) {
    for (const Snippet& snippet : kSnippets) against_stock(snippet, options, sink);
    fixed_cost(options, sink);
}

}  // namespace canon::cli
