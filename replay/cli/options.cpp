#include "cli/options.hpp"

#include <fmt/format.h>
#include <charconv>
#include <cstdio>

namespace canon::cli {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
    return CLI::Validator(
        [least, most](std::string& text) {
            std::uint64_t number = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            const bool whole = error == std::errc() && end == text.data() + text.size();
            if (whole && number >= least && number <= most) return std::string();
            return fmt::format("expected a whole number from {} to {}, not {}", least, most, text);
        },
        "");
}

int complain(ExitCode code, const std::string& text) {
    std::fflush(stdout);
    fmt::print(stderr, "canon: {}\n", text);
    return code;
}

}  // namespace canon::cli
