// KeyIndex: finds the entities whose field has a given content without looking at the others.
//
// Each content is a key of 64 bits: the number itself, or a text's hash. Ids are grouped by a
// bucket of their key, ascending within it. So equal keys answer in id order, and other keys that
// share the bucket are told apart by the key.
#pragma once
#include <cstdint>
#include <vector>

#include "canon/detail/world_tree.hpp"
#include "canon/world.hpp"

namespace canon::detail {

/// The key that entities with `value` in a field of this type have; false where no content equals
/// `value`.
bool key_of(FieldType type, const Scalar& value, std::uint64_t& out) noexcept;

/// `directory` tells which entities are alive: a field naming a dead one is nil.
std::uint64_t key_of_cell(const Block* leaf, std::uint32_t row, FieldIndex field, FieldType type,
                          const Tree& directory) noexcept;

class KeyIndex {
  public:
    void rebuild(const Tree& table, FieldIndex field, FieldType type, const Tree& directory);

    /// Calls `visit` with the id of each entity of this key, in id order.
    template <class Visit>
    void find(std::uint64_t key, Visit visit) const {
        const std::size_t bucket = bucket_of(key);
        for (std::size_t at = begins_[bucket]; at < begins_[bucket + 1]; ++at)
            if (keys_[at] == key) visit(ids_[at]);
    }

  private:
    std::size_t bucket_of(std::uint64_t key) const noexcept {
        return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15ull >> shift_);
    }

    int shift_ = 63;
    std::vector<std::uint32_t>
        begins_;  // bucket b is [begins_[b], begins_[b + 1]) of the two below
    std::vector<std::uint64_t> keys_;
    std::vector<std::int64_t> ids_;
    std::vector<std::uint64_t> key_of_entity_;  // while rebuilding
};

}  // namespace canon::detail
