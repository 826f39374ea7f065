// canon info: what of this build and machine decides what programs see; or what a recording is.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "canon/fingerprint.hpp"
#include "canon/hash.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/info_recording.hpp"

namespace canon::cli {
namespace {

struct InfoOptions {
    std::string file;
    bool all = false;
    bool json = false;
};

int info_build(bool as_json) {
    const Fingerprint& here = fingerprint();
    if (!as_json) {
        fmt::print("{}", describe(here));
        return kDone;
    }
    nlohmann::ordered_json line;
    line["fingerprint"] = hash_text(here.digest());
    line["lua"] = here.lua;
    line["layout_probe"] = hash_text(here.layout_probe);
    line["order_probe"] = hash_text(here.order_probe);
    line["math_probe"] = hash_text(here.math_probe);
    line["format"] = here.format;
    line["mode"] = here.not_exact.empty() ? "exact" : "canonical";
    fmt::print("{}\n", line.dump());
    return kDone;
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand(
        "info", "Tell the fingerprint of this build and machine, or what a recording is");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<InfoOptions>();
    command->add_option("FILE", options->file, "A recording")->option_text(" ");
    command->add_flag("--all", options->all,
                      "Read all of it, though an index tells of it: finds damage, and counts\n"
                      "raw bytes");
    command->add_flag("--json", options->json, "One line of JSON");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] {
        exit_code = options->file.empty()
                        ? info_build(options->json)
                        : info_recording(options->file, options->all, options->json);
    });
}

}  // namespace canon::cli
