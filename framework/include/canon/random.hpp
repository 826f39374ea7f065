// Random numbers: Philox4x32-10, a generator whose n-th number is a function of key, stream and n
// alone.
//
// J. Salmon, M. Moraes, R. Dror, D. Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC'11.
// Being counter-based, any number of streams is ready without setup and without overlap: one for
// each job, so that one more draw, job or death never shifts another's numbers.
#pragma once
#include <array>
#include <cstdint>

#include "canon/error.hpp"

namespace canon {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// One block: 10 rounds over `counter` with `key`. A bijection of counters for each key.
constexpr PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key) noexcept {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(product1),
                   static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(product0)};
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    return counter;
}

/// One sequence of 2^65 numbers. Trivially copyable: a copy goes on with the same numbers.
/// Deterministic: yes, on every processor.
class RandomStream {
  public:
    constexpr RandomStream() noexcept : RandomStream(0, 0) {}
    /// `stream` is the upper half of the counter; the lower half counts the blocks drawn.
    constexpr RandomStream(std::uint64_t key, std::uint64_t stream) noexcept
        : key_(key), stream_(stream) {}

    /// 64 even bits.
    constexpr std::uint64_t next() noexcept {
        if (has_second_half_) {
            has_second_half_ = false;
            return second_half_;
        }
        const PhiloxCounter block = philox4x32_10(
            {low_word(block_), high_word(block_), low_word(stream_), high_word(stream_)},
            {low_word(key_), high_word(key_)});
        ++block_;
        second_half_ = block[2] | std::uint64_t{block[3]} << 32;
        has_second_half_ = true;
        return block[0] | std::uint64_t{block[1]} << 32;
    }

    /// Even over the 2^53 multiples of 2^-53 in [0, 1).
    constexpr double next_float() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

    /// Even over low..high, both included: draws that would favour some of them are drawn again (D.
    /// Lemire: "Fast random integer generation in an interval", ACM TOMACS 29, 2019).
    /// Call: with low <= high.
    constexpr std::int64_t next_integer(std::int64_t low, std::int64_t high) noexcept {
        CANON_ASSERT(low <= high, "an interval of random integers is empty");
        const std::uint64_t first = static_cast<std::uint64_t>(low);
        const std::uint64_t count = static_cast<std::uint64_t>(high) - first + 1;
        if (count == 0) return static_cast<std::int64_t>(next());  // all of 64 bits
        Product product = Product{next()} * count;
        if (static_cast<std::uint64_t>(product) < count) {
            const std::uint64_t unfair = (0 - count) % count;
            while (static_cast<std::uint64_t>(product) < unfair) product = Product{next()} * count;
        }
        return static_cast<std::int64_t>(first + static_cast<std::uint64_t>(product >> 64));
    }

  private:
    __extension__ using Product = unsigned __int128;

    static constexpr std::uint32_t low_word(std::uint64_t number) noexcept {
        return static_cast<std::uint32_t>(number);
    }
    static constexpr std::uint32_t high_word(std::uint64_t number) noexcept {
        return static_cast<std::uint32_t>(number >> 32);
    }

    std::uint64_t key_;
    std::uint64_t stream_;
    std::uint64_t block_ = 0;
    std::uint64_t second_half_ = 0;
    bool has_second_half_ = false;
};

}  // namespace canon
