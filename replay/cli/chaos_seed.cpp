#include "cli/chaos_seed.hpp"

#include <charconv>
#include <random>

namespace canon::cli {

std::optional<std::uint64_t> chaos_seed_of(std::string_view text) {
    if (text == "random") return std::uint64_t{std::random_device()()} % 1'000'000 + 1;
    std::uint64_t seed = 0;
    const char* const end_of_text = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), end_of_text, seed);
    if (error != std::errc() || end != end_of_text || seed == 0) return std::nullopt;
    return seed;
}

}  // namespace canon::cli
