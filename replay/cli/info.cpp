// canon info: what of this build and machine decides what programs see.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "canon/fingerprint.hpp"
#include "canon/hash.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"

namespace canon::cli {

void add_info(CLI::App& app, int& exit_code) {
    CLI::App* const command =
        app.add_subcommand("info", "Tell the fingerprint of this build and machine");
    const auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "One line of JSON");
    command->callback([as_json, &exit_code] {
        const Fingerprint& here = fingerprint();
        if (!*as_json) {
            fmt::print("{}", describe(here));
        } else {
            nlohmann::ordered_json line;
            line["fingerprint"] = hash_text(here.digest());
            line["lua"] = here.lua;
            line["layout_probe"] = hash_text(here.layout_probe);
            line["order_probe"] = hash_text(here.order_probe);
            line["math_probe"] = hash_text(here.math_probe);
            line["format"] = here.format;
            line["mode"] = here.not_exact.empty() ? "exact" : "canonical";
            fmt::print("{}\n", line.dump());
        }
        exit_code = kDone;
    });
}

}  // namespace canon::cli
