// Options: what several commands check and say in the same way.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "cli/exit_codes.hpp"

namespace canon::cli {

/// CLI11 alone would take -1 for the largest number there is.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

/// Says "canon: TEXT" on stderr and returns the code.
int complain(ExitCode code, const std::string& text);

}  // namespace canon::cli
