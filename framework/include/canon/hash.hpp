// Hashes: XXH3, 64 bits, of canonical bytes.
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
//
// Made to find accidents (drift, damage, desync), not to withstand someone who seeks a collision.
#pragma once
#include "canon/detail/platform.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace canon {

/// XXH3_64bits_withSeed of `bytes`.
/// Deterministic: yes, on every processor.
std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes, std::uint64_t seed = 0) noexcept;

/// One hash of two, in this order: hash_combine(a, b) and hash_combine(b, a) differ.
std::uint64_t hash_combine(std::uint64_t first, std::uint64_t second) noexcept;

/// 16 lower-case hexadecimal digits, the most significant first.
std::string hash_text(std::uint64_t hash);

/// Hashes what arrives piece by piece. Where one piece ends has no part in the hash: the digest is
/// that of all bytes in one run, equal to hash_bytes of them.
class Hasher {
  public:
    explicit Hasher(std::uint64_t seed = 0) noexcept { reset(seed); }

    void reset(std::uint64_t seed = 0) noexcept;
    void update(const void* bytes, std::size_t count) noexcept;
    void update(std::span<const std::uint8_t> bytes) noexcept {
        update(bytes.data(), bytes.size());
    }
    /// 8 bytes, little endian.
    void update_integer(std::uint64_t number) noexcept;
    /// The length as an integer, then the bytes: so "ab", "c" and "a", "bc" differ.
    void update_string(std::string_view text) noexcept;
    /// Of all bytes since the last reset; more may follow.
    std::uint64_t digest() const noexcept;

  private:
    // An XXH3_state_t, whose header brings in hundreds of names and is kept out of this one.
    alignas(64) std::byte state_[576];
};

}  // namespace canon
