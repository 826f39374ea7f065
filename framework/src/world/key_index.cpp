#include "world/key_index.hpp"

#include <algorithm>
#include <bit>

#include "canon/hash.hpp"
#include "world/scalar.hpp"

namespace canon::detail {
namespace {

std::uint64_t number_key(double number) noexcept {
    return std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);  // -0.0 equals 0.0
}

std::uint64_t text_key(std::string_view text) noexcept {
    return hash_bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

std::uint64_t key_of_cell(const Block* leaf, std::uint32_t row, FieldIndex field, FieldType type,
                          const Tree& directory) noexcept {
    switch (type) {
        case FieldType::boolean:
            return cells_of<std::uint8_t>(leaf, field)[row];
        case FieldType::integer:
            return cells_of<std::uint64_t>(leaf, field)[row];
        case FieldType::number:
            return number_key(cells_of<double>(leaf, field)[row]);
        case FieldType::string:
            return cells_of<const Text*>(leaf, field)[row]->hash;
        default:
            break;
    }
    const auto id = cells_of<std::int64_t>(leaf, field)[row];
    const Block* entry = directory.leaf_of(id);
    return entry != nullptr && row_of(entry, id) != kNone ? static_cast<std::uint64_t>(id) : 0;
}

bool key_of(FieldType type, const Scalar& value, std::uint64_t& out) noexcept {
    std::int64_t integer;
    double number;
    switch (type) {
        case FieldType::boolean:
            out = value.kind == Scalar::Kind::boolean && value.boolean;
            return value.kind == Scalar::Kind::boolean;
        case FieldType::integer:
            if (!integer_of(value, integer)) return false;
            out = static_cast<std::uint64_t>(integer);
            return true;
        case FieldType::number:
            if (!number_of(value, number) || number != number) return false;
            out = number_key(number);
            return true;
        case FieldType::string:
            if (value.kind != Scalar::Kind::string) return false;
            out = text_key(value.text);
            return true;
        case FieldType::entity:
            integer = 0;
            if (value.kind != Scalar::Kind::nil && (!integer_of(value, integer) || integer <= 0))
                return false;
            out = static_cast<std::uint64_t>(integer);
            return true;
        default:
            return false;
    }
}

void KeyIndex::rebuild(const Tree& table, FieldIndex field, FieldType type, const Tree& directory) {
    const std::size_t bucket_count = std::bit_ceil(std::max<std::size_t>(table.size(), 2));
    shift_ = 64 - std::countr_zero(bucket_count);

    // A counting sort by bucket, which keeps the order of ids. Until the last loop, begins_[b + 1]
    // is where the next entry of bucket b goes; then it is where bucket b ends.
    begins_.assign(bucket_count + 2, 0);
    key_of_entity_.clear();
    key_of_entity_.reserve(table.size());
    table.each_leaf([&](const Block* leaf) {
        for (std::uint32_t row = 0; row < leaf->rows; ++row) {
            key_of_entity_.push_back(key_of_cell(leaf, row, field, type, directory));
            ++begins_[bucket_of(key_of_entity_.back()) + 2];
        }
    });
    for (std::size_t bucket = 1; bucket < begins_.size(); ++bucket)
        begins_[bucket] += begins_[bucket - 1];
    keys_.resize(table.size());
    ids_.resize(table.size());
    std::size_t entity = 0;
    table.each_leaf([&](const Block* leaf) {
        for (std::uint32_t row = 0; row < leaf->rows; ++row) {
            const std::uint64_t key = key_of_entity_[entity++];
            const std::uint32_t at = begins_[bucket_of(key) + 1]++;
            keys_[at] = key;
            ids_[at] = ids_of(leaf)[row];
        }
    });
}

}  // namespace canon::detail
