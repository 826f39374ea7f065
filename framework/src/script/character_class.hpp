// Character class: what %a, %d and the like stand for: the classes of ASCII, whatever the locale.
#pragma once
#include <array>
#include <cstdint>

namespace canon::script {

namespace character {

enum Kind : std::uint16_t {
    upper = 1,
    lower = 2,
    digit = 4,
    space = 8,
    punctuation = 16,
    control = 32,
    hexadecimal = 64,
    zero = 128,
};

constexpr bool is_between(int c, int first, int last) { return c >= first && c <= last; }

constexpr std::uint16_t kinds_of(int c) {
    unsigned kinds = 0;
    if (is_between(c, 'A', 'Z')) kinds |= upper;
    if (is_between(c, 'a', 'z')) kinds |= lower;
    if (is_between(c, '0', '9')) kinds |= digit | hexadecimal;
    if (is_between(c, 'A', 'F') || is_between(c, 'a', 'f')) kinds |= hexadecimal;
    if (c == ' ' || is_between(c, '\t', '\r')) kinds |= space;
    if (is_between(c, '!', '~') && (kinds & (upper | lower | digit)) == 0) kinds |= punctuation;
    if (c < ' ' || c == 127) kinds |= control;
    if (c == 0) kinds |= zero;
    return static_cast<std::uint16_t>(kinds);
}

constexpr auto kKinds = [] {
    std::array<std::uint16_t, 256> kinds{};
    for (int c = 0; c < 256; ++c) kinds[static_cast<std::size_t>(c)] = kinds_of(c);
    return kinds;
}();

/// By the small letter of a class; 0 for all that is no class.
constexpr auto kMasks = [] {
    std::array<std::uint16_t, 256> masks{};
    masks['a'] = upper | lower;
    masks['c'] = control;
    masks['d'] = digit;
    masks['g'] = upper | lower | digit | punctuation;
    masks['l'] = lower;
    masks['p'] = punctuation;
    masks['s'] = space;
    masks['u'] = upper;
    masks['w'] = upper | lower | digit;
    masks['x'] = hexadecimal;
    masks['z'] = zero;  // from the days when a pattern could not hold a zero
    return masks;
}();

}  // namespace character

/// What stands behind a '%', as a test of bytes: a class, its complement where the letter is a
/// capital one, or a byte that stands for itself.
class CharacterClass {
  public:
    constexpr explicit CharacterClass(unsigned char letter)
        : mask_(mask_of(letter)), is_complement_((letter & 0x20) == 0), letter_(letter) {}

    constexpr bool is_literal() const { return mask_ == 0; }
    constexpr bool holds(unsigned char c) const {
        if (mask_ == 0) return c == letter_;
        return ((character::kKinds[c] & mask_) != 0) != is_complement_;
    }

  private:
    static constexpr std::uint16_t mask_of(unsigned char letter) {
        const bool is_letter =
            (character::kKinds[letter] & (character::upper | character::lower)) != 0;
        return is_letter ? character::kMasks[letter | 0x20] : std::uint16_t{0};
    }

    std::uint16_t mask_;
    bool is_complement_;
    unsigned char letter_;
};

}  // namespace canon::script
