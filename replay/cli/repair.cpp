// canon repair: a clean file of all that is whole in a damaged or torn one.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "canon/error.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/losses.hpp"
#include "cli/options.hpp"
#include "cli/output_file.hpp"
#include "cli/terminal.hpp"
#include "container/repair.hpp"

namespace canon::cli {
namespace {

using Json = nlohmann::ordered_json;
using replay::Condition;

struct RepairOptions {
    std::string file;
    std::string output;
    bool force = false;
    bool json = false;
};

const char* name_of(Condition::Class what) {
    switch (what) {
        case Condition::Class::clean:
            return "clean";
        case Condition::Class::lossy:
            return "lossy";
        case Condition::Class::unusable:
            return "unusable";
    }
    return "";
}

ExitCode code_of(Condition::Class what) {
    switch (what) {
        case Condition::Class::clean:
            return kDone;
        case Condition::Class::lossy:
            return kDamaged;
        case Condition::Class::unusable:
            break;
    }
    return kNoRecording;
}

std::string verdict(const RepairOptions& options, const Condition& condition) {
    if (condition.chunks == 0)
        return fmt::format("no chunk of {} is whole: nothing was written", options.file);
    const std::string all =
        fmt::format("{}: {} of {} with {}, in {}", options.output,
                    counted(condition.frames, "frame"), counted(condition.chunks, "chunk"),
                    counted(condition.starts, "start"), counted(condition.segments, "segment"));
    switch (condition.what) {
        case Condition::Class::clean:
            return all + "; nothing was missing";
        case Condition::Class::lossy:
            return all + "; all that was whole";
        case Condition::Class::unusable:
            break;
    }
    return all + "; none of them can be played, since no keyframe is whole";
}

int run(const RepairOptions& options) {
    if (const std::string why = why_not_written(options.output, options.file, options.force);
        !why.empty())
        return complain(kUsage, why);
    std::unique_ptr<replay::FileSource> source;
    try {
        source = std::make_unique<replay::FileSource>(options.file);
        replay::ChunkReader{*source};  // before there is any output
    } catch (const Error& error) {
        return complain(kNoRecording, error.what());
    }
    OutputFile output(options.output);
    const Condition condition = replay::repair(*source, output.sink(), say_losses(options.json));
    if (condition.chunks != 0) output.keep();
    say(options.json, "repaired",
        Json{{"condition", name_of(condition.what)},
             {"segments", condition.segments},
             {"chunks", condition.chunks},
             {"frames", condition.frames},
             {"starts", condition.starts},
             {"holes", condition.holes},
             {"unclosed", condition.unclosed},
             {"written", condition.chunks != 0}},
        verdict(options, condition));
    return code_of(condition.what);
}

}  // namespace

void add_repair(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand(
        "repair", "Write a clean file of all that is whole in a damaged recording");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<RepairOptions>();
    command->add_option("FILE", options->file, "A recording")->required()->option_text(" ");
    command->add_option("-o,--output", options->output, "The file to write")
        ->required()
        ->option_text("FILE");
    command->add_flag("--force", options->force, "Replace the output if it is there");
    command->add_flag("--json", options->json,
                      "One line of JSON for each loss, and a last one for the whole");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace canon::cli
