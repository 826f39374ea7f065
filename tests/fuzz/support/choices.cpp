#include "fuzz/support/choices.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace canon::fuzz {

std::uint8_t Choices::byte() noexcept {
    if (bytes_.empty()) return 0;
    const std::uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
}

std::uint64_t Choices::bits() noexcept {
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits |= std::uint64_t{byte()} << (8 * i);
    return bits;
}

std::int64_t Choices::integer() noexcept {
    const std::uint8_t kind = byte();
    switch (kind % 4) {
        case 0:
            return static_cast<std::int8_t>(byte());
        case 1: {
            const std::uint64_t power = std::uint64_t{1} << (kind / 4);
            return static_cast<std::int64_t>(power + byte() % 3 - 1);
        }
        case 2:
            return -static_cast<std::int64_t>(std::uint64_t{1} << (kind / 4 % 63)) - byte() % 2;
        default:
            return static_cast<std::int64_t>(bits());
    }
}

double Choices::number() noexcept {
    using Limits = std::numeric_limits<double>;
    constexpr double kSpecial[] = {0.0,
                                   -0.0,
                                   0.5,
                                   2.5,
                                   1e15,
                                   1e16,
                                   123456789012345678.0,
                                   0x1p53,
                                   0x1p63,
                                   -0x1p63,
                                   9.5,
                                   99.995,
                                   1e100,
                                   Limits::max(),
                                   Limits::min(),
                                   Limits::denorm_min(),
                                   Limits::infinity(),
                                   -Limits::infinity(),
                                   Limits::quiet_NaN()};
    const std::uint8_t kind = byte();
    switch (kind % 3) {
        case 0:
            return kSpecial[kind / 3 % std::size(kSpecial)];
        case 1:
            return static_cast<double>(integer()) / (1 + byte());
        default:
            return canonical(std::bit_cast<double>(bits()));
    }
}

std::string Choices::take(std::size_t count) {
    count = std::min(count, bytes_.size());
    std::string text(reinterpret_cast<const char*>(bytes_.data()), count);
    bytes_ = bytes_.subspan(count);
    return text;
}

std::string Choices::text(std::size_t most) { return take(std::min<std::size_t>(byte(), most)); }

std::string Choices::line(std::size_t most) {
    const auto end = std::find(bytes_.begin(), bytes_.end(), '\n');
    std::string text = take(static_cast<std::size_t>(end - bytes_.begin()));
    byte();
    text.resize(std::min(text.size(), most));
    return text;
}

std::string Choices::rest(std::size_t most) {
    std::string text = take(bytes_.size());
    text.resize(std::min(text.size(), most));
    return text;
}

}  // namespace canon::fuzz
