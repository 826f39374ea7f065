// Terminal: what stdout can show. Colours and the progress line are for terminals only, never for
// pipes and files.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace canon::cli {

enum class Colour : std::uint8_t { none, faint, bold, green, yellow, red };

class Terminal {
  public:
    /// Looks at stdout, NO_COLOR (https://no-color.org) and TERM.
    Terminal();

    bool is_terminal() const noexcept { return is_terminal_; }
    unsigned columns() const noexcept { return columns_; }

    /// The text as it is, or between the codes of a colour.
    std::string paint(Colour colour, std::string_view text) const;

    /// Prints whole lines, above the progress line if one is shown.
    void print(std::string_view lines);
    /// Shows or replaces the progress line. Does nothing where stdout is no terminal.
    void show_progress(std::string_view text);
    void clear_progress();

  private:
    bool is_terminal_ = false;
    bool has_colours_ = false;
    bool shows_progress_ = false;
    unsigned columns_ = 80;
};

/// A script's text as it may be printed: control characters, which could move the cursor or worse,
/// become \xHH; tabs stay, and each line begins with `indent`.
std::string printable(std::string_view text, std::string_view indent);

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);
/// "1 frame", "2,000 frames"
std::string counted(std::uint64_t number, std::string_view what);

}  // namespace canon::cli
