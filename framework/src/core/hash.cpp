#include "canon/hash.hpp"

#include <cstring>
#include <new>
#include <type_traits>

// The streaming state is opaque without this, and inlined the short inputs that we hash most cost
// half.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace canon {
namespace {

XXH3_state_t* state_of(std::byte* storage) {
    return std::launder(reinterpret_cast<XXH3_state_t*>(storage));
}
const XXH3_state_t* state_of(const std::byte* storage) {
    return std::launder(reinterpret_cast<const XXH3_state_t*>(storage));
}

}  // namespace

std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes, std::uint64_t seed) noexcept {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t hash_combine(std::uint64_t first, std::uint64_t second) noexcept {
    const std::uint64_t both[] = {first, second};
    return XXH3_64bits(both, sizeof both);
}

std::string hash_text(std::uint64_t hash) {
    std::string text(16, '0');
    for (std::size_t i = 16; i-- > 0; hash >>= 4) text[i] = "0123456789abcdef"[hash & 15];
    return text;
}

void Hasher::reset(std::uint64_t seed) noexcept {
    static_assert(sizeof(state_) == sizeof(XXH3_state_t) &&
                  alignof(Hasher) >= alignof(XXH3_state_t));
    static_assert(std::is_trivially_copyable_v<XXH3_state_t>);
    XXH3_state_t* state = new (state_) XXH3_state_t;
    XXH3_INITSTATE(state);  // resetting with a seed compares it with the last one
    XXH3_64bits_reset_withSeed(state, seed);
}

void Hasher::update(const void* bytes, std::size_t count) noexcept {
    if (count != 0) XXH3_64bits_update(state_of(state_), bytes, count);
}

void Hasher::update_integer(std::uint64_t number) noexcept {
    XXH3_64bits_update(state_of(state_), &number, sizeof number);
}

void Hasher::update_string(std::string_view text) noexcept {
    update_integer(text.size());
    update(text.data(), text.size());
}

std::uint64_t Hasher::digest() const noexcept { return XXH3_64bits_digest(state_of(state_)); }

}  // namespace canon
