// Chaos seed: what --chaos was given.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace canon::cli {

/// A number from 1, or "random": another one each time, short enough to be typed again. Nothing if
/// `text` is neither.
std::optional<std::uint64_t> chaos_seed_of(std::string_view text);

}  // namespace canon::cli
