// Chaos: the hostile circumstances that a chaos seed stands for, each a function of the seed alone,
// so that whoever is told the seed meets them again.
//
// Seed 0 is the ordinary circumstances.
#pragma once
#include <cstddef>
#include <cstdint>

#include "canon/random.hpp"

namespace canon {

struct Chaos {
    std::uint32_t hash_seed = 0x43616e6f;  ///< of Lua's string hashes
    std::size_t arena_phase = 0;  ///< bytes that an arena leaves free before its first block
    unsigned workers = 0;         ///< 0: as ever

    explicit constexpr Chaos(std::uint64_t seed) noexcept {
        if (seed == 0) return;
        RandomStream random(seed, stream_circumstances);
        hash_seed ^= static_cast<std::uint32_t>(random.next_integer(1, UINT32_MAX));
        arena_phase = 16 * static_cast<std::size_t>(random.next_integer(1, 127));
        workers = static_cast<unsigned>(random.next_integer(1, 8));
    }

    /// Streams of random numbers with the seed as key, so that nothing draws another's.
    enum Stream : std::uint64_t { stream_circumstances, stream_environment, stream_disorder };
};

}  // namespace canon
