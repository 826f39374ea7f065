#include "cli/bench.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/terminal.hpp"

namespace canon::cli {
namespace {

constexpr Bench kBenches[] = {
    {"job", "the reference job through a whole simulation, against a bare lua_pcall loop",
     bench_job},
    {"image", "the same with a program of 2 MiB", bench_image},
    {"reads", "a job that reads three fields of 16 neighbours", bench_reads},
    {"long", "a job of about 100 microseconds", bench_long},
    {"isolation", "a restored image against a new Lua state for each job", bench_isolation},
    {"allocations", "heap allocations for each job in the steady state", bench_allocations},
    {"skirmish", "what the main thread spends alone in a frame of samples/skirmish",
     bench_skirmish},
    {"call", "a job that is stopped in engine.call and goes on", bench_call},
    {"restore", "the way back to the image", bench_restore},
    {"runner", "a small job through the ScriptRunner", bench_runner},
    {"strict", "strict Lua's libraries against the system's Lua", bench_strict},
    {"world", "a million entities: captures, hashes, writes and reads", bench_world},
    {"replay", "recording, playing, seeking and verifying sessions", bench_replay},
    {"memory", "peak memory", bench_memory},
};

#ifdef CANON_LUA_CXX
constexpr const char* kLuaBuild = "C++ (errors as exceptions)";
#else
constexpr const char* kLuaBuild = "C (errors by longjmp)";
#endif

// Above this share of the machine, figures of two workers say little.
constexpr double kQuiet = 0.10;

const char* sign_of(Figure::Bound bound) {
    return bound == Figure::Bound::at_most ? "<=" : bound == Figure::Bound::at_least ? ">=" : "";
}

std::string number_text(double number, const std::string& unit) {
    if (unit == "ns" || unit == "us") return fmt::format("{:.0f}", number);
    if (unit == "%" || unit == "MiB") return fmt::format("{:.1f}", number);
    return fmt::format("{:.2f}", number);
}

class Table final : public FigureSink {
  public:
    void add(const Figure& figure) override {
        all_hold_ &= figure.holds();
        std::string line = fmt::format("{:<12}{:<56}{:>9} {:<5}", figure.bench, figure.what,
                                       number_text(figure.value, figure.unit), figure.unit);
        if (figure.bound != Figure::Bound::none) {
            line += fmt::format("{} {:<7}", sign_of(figure.bound),
                                number_text(figure.limit, figure.unit));
            line += figure.holds() ? terminal_.paint(Colour::green, "ok    ")
                                   : terminal_.paint(Colour::red, "MISSED");
        }
        line += '\n';
        std::string raw;
        for (const auto& [what, number] : figure.raw)
            raw += fmt::format("{}{} {:.0f}", raw.empty() ? "" : ", ", what, number);
        if (figure.others > kQuiet)
            raw += fmt::format("{}other programs used {:.0f} % of the machine",
                               raw.empty() ? "" : "; ", 100 * figure.others);
        if (!figure.note.empty()) raw += (raw.empty() ? "" : "; ") + figure.note;
        if (!raw.empty()) line += terminal_.paint(Colour::faint, "            " + raw) + '\n';
        terminal_.print(line);
        std::fflush(stdout);
    }
    bool all_hold() const noexcept { return all_hold_; }

  private:
    Terminal terminal_;
    bool all_hold_ = true;
};

class JsonFigures final : public FigureSink {
  public:
    void add(const Figure& figure) override {
        all_hold_ &= figure.holds();
        nlohmann::ordered_json json{{"bench", figure.bench},
                                    {"what", figure.what},
                                    {"value", figure.value},
                                    {"unit", figure.unit}};
        if (figure.bound != Figure::Bound::none) {
            json[figure.bound == Figure::Bound::at_most ? "at_most" : "at_least"] = figure.limit;
            json["holds"] = figure.holds();
        }
        for (const auto& [what, number] : figure.raw) json["raw"][what] = number;
        json["others_share"] = figure.others;
        if (!figure.note.empty()) json["note"] = figure.note;
        json["lua"] = kLuaBuild;
        fmt::print("{}\n", json.dump());
        std::fflush(stdout);
    }
    bool all_hold() const noexcept { return all_hold_; }

  private:
    bool all_hold_ = true;
};

struct Wish {
    std::vector<std::string> names;
    std::string program;
    bool json = false;
    bool list = false;
    bool quick = false;
    bool check = false;
};

bool is_wanted(const Wish& wish, const Bench& bench) {
    return wish.names.empty() ||
           std::find(wish.names.begin(), wish.names.end(), bench.name) != wish.names.end();
}

void print_list() {
    for (const Bench& bench : benches()) fmt::print("{:<12}{}\n", bench.name, bench.about);
}

template <class Sink>
int run_all(const Wish& wish, const BenchOptions& options) {
    Sink sink;
    bool all_ran = true;
    for (const Bench& bench : benches()) {
        if (!is_wanted(wish, bench)) continue;
        try {
            bench.run(options, sink);
        } catch (const std::exception& error) {
            fmt::print(stderr, "canon: bench {}: {}\n", bench.name, error.what());
            all_ran = false;
        }
    }
    if (!all_ran) return kFailed;
    return wish.check && !sink.all_hold() ? kFailed : kDone;
}

int run(const Wish& wish) {
    if (wish.list) {
        print_list();
        return kDone;
    }
    BenchOptions options;
    options.skirmish = wish.program;
    if (wish.quick) options.settings = {5, 0.03};
    if (wish.json) return run_all<JsonFigures>(wish, options);
    fmt::print("Lua inside: the {} build. Ratios are medians of {} interleaved pairs.\n", kLuaBuild,
               options.settings.pairs);
    return run_all<Table>(wish, options);
}

}  // namespace

std::span<const Bench> benches() noexcept { return kBenches; }

void add_bench(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("bench", "Measure what jobs cost over bare Lua, on this machine");
    auto wish = std::make_shared<Wish>();
    std::vector<std::string> names;
    for (const Bench& bench : benches()) names.emplace_back(bench.name);
    command->add_option("NAMES", wish->names, "Which benches to run (default: all; see --list)")
        ->check(CLI::IsMember(names));
    command->add_option("--program", wish->program,
                        "The folder of samples/skirmish, if it is not found");
    command->add_flag("--json", wish->json, "One line of JSON for each figure");
    command->add_flag("--list", wish->list, "Say what there is to run");
    command->add_flag("--quick", wish->quick, "Fewer and shorter runs: a rough figure");
    command->add_flag("--check", wish->check, "Exit with code 1 if a bound is missed");
    command->footer(kExitCodes);
    command->callback([wish, &exit_code] { exit_code = run(*wish); });
}

}  // namespace canon::cli
