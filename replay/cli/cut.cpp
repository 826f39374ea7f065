// canon cut: a range of a recording as a file of its own, which plays by itself.
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
#include "recording/cut.hpp"

namespace canon::cli {
namespace {

using Json = nlohmann::ordered_json;

struct CutOptions {
    std::string file;
    std::string output;
    std::optional<std::uint64_t> from;
    std::optional<std::uint64_t> to;
    std::uint32_t segment = 0;
    bool force = false;
    bool json = false;
};

void print(const CutOptions& options, const replay::CutResult& result) {
    if (options.json) {
        fmt::print("{}\n", Json{{"kind", "cut"},
                                {"first_frame", result.first.value},
                                {"last_frame", result.last.value},
                                {"frames", result.frames},
                                {"copied", result.copied},
                                {"sealed", result.sealed},
                                {"holes", result.holes},
                                {"cut", result.is_cut}}
                               .dump());
        return;
    }
    fmt::print("{}: frames {} to {}, {} as they were", options.output, result.first.value,
               result.last.value, counted(result.copied, "chunk"));
    if (result.sealed != 0) fmt::print(", {} with fewer frames", counted(result.sealed, "chunk"));
    fmt::print("\n");
}

int run(const CutOptions& options) {
    if (options.from && options.to && *options.from > *options.to)
        return complain(kUsage, fmt::format("--from {} --to {}: the range ends before it begins",
                                            *options.from, *options.to));
    if (const std::string why = why_not_written(options.output, options.file, options.force);
        !why.empty())
        return complain(kUsage, why);
    std::unique_ptr<replay::FileSource> source;
    try {
        source = std::make_unique<replay::FileSource>(options.file);
        replay::ChunkReader{*source};
    } catch (const Error& error) {
        return complain(kNoRecording, error.what());
    }
    replay::CutRange range;
    if (options.from) range.from = Frame{*options.from};
    if (options.to) range.to = Frame{*options.to};
    range.segment = options.segment;
    OutputFile output(options.output);
    replay::CutResult result;
    bool is_torn = false;
    try {
        replay::LossReport losses = say_losses(options.json);
        losses.tail = [&is_torn, said = losses.tail](const replay::Tail& tail) {
            is_torn = true;
            said(tail);
        };
        result = replay::cut(*source, output.sink(), range, losses);
    } catch (const replay::NotInRecording& error) {
        return complain(kNoRecording, error.what());
    } catch (const replay::NoPart& error) {
        return complain(kDamaged, error.what());
    }
    output.keep();
    print(options, result);
    return result.holes != 0 || is_torn ? kDamaged : kDone;
}

}  // namespace

void add_cut(CLI::App& app, int& exit_code) {
    CLI::App* const command =
        app.add_subcommand("cut", "Write a range of a recording as a file of its own");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<CutOptions>();
    command->add_option("FILE", options->file, "A recording")->required()->option_text(" ");
    command
        ->add_option("--from", options->from,
                     "Begin with the last keyframe from which this frame can be\n"
                     "played (default: the first)")
        ->check(whole_number(0, ~std::uint64_t{0}))
        ->option_text("N");
    command->add_option("--to", options->to, "The last frame (default: that of the recording)")
        ->check(whole_number(0, ~std::uint64_t{0}))
        ->option_text("N");
    command->add_option("-o,--output", options->output, "The file to write")
        ->required()
        ->option_text("FILE");
    command
        ->add_option("--segment", options->segment,
                     "Where the file holds several recordings, in which one; counts\nfrom 0")
        ->check(whole_number(0, ~std::uint32_t{0}))
        ->option_text("N");
    command->add_flag("--force", options->force, "Replace the output if it is there");
    command->add_flag("--json", options->json,
                      "One line of JSON for each loss, and a last one for the whole");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace canon::cli
