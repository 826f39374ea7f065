// canon diff: where two recordings part.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "canon/error.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "recording/recording_diff.hpp"

namespace canon::cli {
namespace {

struct Options {
    std::string first, second;
    replay::DiffOptions diff;
    bool json = false;
};

void print_json(const replay::RecordingDiff& diff) {
    nlohmann::ordered_json line{{"same", diff.same()}, {"frames", diff.frames}};
    if (!diff.start.empty()) line["start"] = diff.start;
    if (diff.frame) {
        line["frame"] = diff.frame->value;
        line["what"] = diff.what;
        line["details"] = diff.details;
        auto state = nlohmann::ordered_json::array();
        for (const StateDifference& one : diff.state)
            state.push_back({{"path", one.path}, {"a", one.first}, {"b", one.second}});
        line["state"] = state;
        line["more"] = diff.state_is_cut;
        if (!diff.state_problem.empty()) line["state_problem"] = diff.state_problem;
    }
    if (!diff.end.empty()) line["end"] = diff.end;
    fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void print_text(const replay::RecordingDiff& diff) {
    Terminal terminal;
    const auto print = [&](const std::string& text, const char* indent) {
        terminal.print(printable(text, indent) + "\n");
    };
    for (const std::string& line : diff.start) print(line, "");
    if (diff.same()) {
        terminal.print(terminal.paint(Colour::green, "no frame differs") +
                       fmt::format(": {}\n", counted(diff.frames, "frame")));
        return;
    }
    if (!diff.frame) {
        print(fmt::format("{} alike, then: {}", counted(diff.frames, "frame"), diff.end), "");
        return;
    }
    terminal.print(terminal.paint(Colour::red, fmt::format("frame {}", diff.frame->value)) +
                   fmt::format(" is the first that differs: {}\n", diff.what));
    for (const std::string& line : diff.details) print(line, "  ");
    if (!diff.state_problem.empty())
        print("the states cannot be compared: " + diff.state_problem, "");
    else if (diff.state.empty())
        print("the states after it are the same", "");
    else
        print("the states after it, A / B:", "");
    for (const StateDifference& one : diff.state) print(describe(one), "  ");
    if (diff.state_is_cut) print("and more: see --fields", "  ");
}

int run(const Options& options) {
    try {
        replay::FileSource first(options.first), second(options.second);
        const replay::RecordingDiff diff = replay::diff_recordings(first, second, options.diff);
        if (options.json)
            print_json(diff);
        else
            print_text(diff);
        return diff.same() ? kDone : kHashDiffers;
    } catch (const Error& error) {
        return complain(kNoRecording, error.what());
    }
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand(
        "diff", "Find the first frame in which two recordings differ, and what of it");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<Options>();
    command->add_option("A", options->first, "A recording")->required()->option_text(" ");
    command->add_option("B", options->second, "Another")->required()->option_text(" ");
    command
        ->add_option("--fields", options->diff.fields,
                     "How many fields of the states are shown (default: 20)")
        ->check(whole_number(1, 1u << 20))
        ->option_text("N");
    command
        ->add_option("--workers", options->diff.workers,
                     "Threads that play the two (default: one for each core)")
        ->check(whole_number(1, 1024))
        ->option_text("N");
    command->add_flag("--json", options->json, "One line of JSON");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace canon::cli
