#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <cstdlib>

namespace canon::cli {
namespace {

const char* code_of(Colour colour) {
    switch (colour) {
        case Colour::faint:
            return "\033[2m";
        case Colour::bold:
            return "\033[1m";
        case Colour::green:
            return "\033[32m";
        case Colour::yellow:
            return "\033[33m";
        case Colour::red:
            return "\033[31m";
        case Colour::none:
            break;
    }
    return "";
}

bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

}  // namespace

Terminal::Terminal() : is_terminal_(isatty(STDOUT_FILENO) != 0) {
    const char* kind = std::getenv("TERM");
    const bool is_dumb = kind == nullptr || std::string_view(kind) == "dumb";
    is_terminal_ = is_terminal_ && !is_dumb;
    has_colours_ = is_terminal_ && !is_set("NO_COLOR");
    winsize size{};
    if (is_terminal_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns_ = size.ws_col;
}

std::string Terminal::paint(Colour colour, std::string_view text) const {
    if (!has_colours_ || colour == Colour::none) return std::string(text);
    return fmt::format("{}{}\033[0m", code_of(colour), text);
}

void Terminal::print(std::string_view lines) {
    clear_progress();
    std::fwrite(lines.data(), 1, lines.size(), stdout);
    if (is_terminal_) std::fflush(stdout);
}

void Terminal::show_progress(std::string_view text) {
    if (!is_terminal_) return;
    // A line that is wider than the terminal would wrap and could not be taken back.
    fmt::print("\r\033[K{}", text.substr(0, columns_ - 1));
    std::fflush(stdout);
    shows_progress_ = true;
}

void Terminal::clear_progress() {
    if (shows_progress_) fmt::print("\r\033[K");
    shows_progress_ = false;
}

std::string printable(std::string_view text, std::string_view indent) {
    std::string out(indent);
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n')
            out.append("\n").append(indent);
        else if ((byte < 0x20 && c != '\t') || byte == 0x7F)
            out += fmt::format("\\x{:02X}", byte);
        else
            out += c;
    }
    return out;
}

std::string with_commas(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
    return text;
}

std::string counted(std::uint64_t number, std::string_view what) {
    return fmt::format("{} {}{}", with_commas(number), what, number == 1 ? "" : "s");
}

}  // namespace canon::cli
