// Choices: a fuzzer's bytes as numbers, texts and values. Where the bytes end, all is zero and
// empty: every input means something, and a longer one differs from a shorter one only behind its
// end.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "canon/value.hpp"

namespace canon::fuzz {

class Choices {
  public:
    explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool empty() const noexcept { return bytes_.empty(); }
    std::size_t left() const noexcept { return bytes_.size(); }

    std::uint8_t byte() noexcept;
    /// 0 to `end` - 1.
    std::size_t below(std::size_t end) noexcept { return byte() % end; }
    /// 8 bytes, low ones first.
    std::uint64_t bits() noexcept;
    /// Near zero, near the ends of a power of two, or any.
    std::int64_t integer() noexcept;
    /// One that matters in texts and roundings, or any.
    double number() noexcept;
    /// Of a byte's length.
    std::string text(std::size_t most = 255);
    /// Up to the next '\n', which is dropped; or what is left.
    std::string line(std::size_t most = 4096);
    std::string rest(std::size_t most = 1 << 20);

  private:
    std::string take(std::size_t count);
    std::span<const std::uint8_t> bytes_;
};

}  // namespace canon::fuzz
