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

bool is_alive(const Tree& directory, std::uint64_t id) noexcept {
    const Block* entry = directory.leaf_of(static_cast<std::int64_t>(id));
    return entry != nullptr && row_of(entry, static_cast<std::int64_t>(id)) != kNone;
}

}  // namespace

std::uint64_t key_of_cell(const Block* leaf, std::uint32_t row, FieldIndex field,
                          FieldType type) noexcept {
    switch (type) {
        case FieldType::boolean:
            return cells_of<std::uint8_t>(leaf, field)[row];
        case FieldType::number:
            return number_key(cells_of<double>(leaf, field)[row]);
        case FieldType::string:
            return cells_of<const Text*>(leaf, field)[row]->hash;
        default:
            return cells_of<std::uint64_t>(leaf, field)[row];
    }
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

void KeyIndex::update(const Tree& table, const Tree& directory) {
    if (is_current()) return;
    if (outdated_.all() || lives_.all() || !change(table, directory)) rebuild(table, directory);
    outdated_.clear(table.size());
    lives_.clear(table.size());
}

void KeyIndex::rebuild(const Tree& table, const Tree& directory) {
    const std::size_t bucket_count = std::bit_ceil(std::max<std::size_t>(table.size(), 2));
    shift_ = 64 - std::countr_zero(bucket_count);
    std::vector<Entry> entries;
    entries.reserve(table.size());
    table.each_leaf([&](const Block* leaf) {
        for (std::uint32_t row = 0; row < leaf->rows; ++row) {
            const std::uint64_t key = key_of_cell(leaf, row, field_, type_);
            const std::int64_t id = ids_of(leaf)[row];
            if (is_of_entities() && !is_alive(directory, key)) entries.push_back({0, id});
            if (has_entry(key)) entries.push_back({key, id});
        }
    });
    buckets_.rebuild(bucket_count, entries,
                     [this](const Entry& entry) { return bucket_of(entry.key); });
}

void KeyIndex::place(std::uint64_t key, std::int64_t id, bool is_there) {
    if (is_there)
        buckets_.put(bucket_of(key), {key, id});
    else
        buckets_.remove(bucket_of(key), {key, id});
}

// False where all is to be sorted anew.
bool KeyIndex::change(const Tree& table, const Tree& directory) {
    for (const Life& life : lives_.sorted()) {
        const auto named = static_cast<std::uint64_t>(life.id);
        const bool is_nil = !is_alive(directory, named);
        find(named, [&](std::int64_t id) { place(0, id, is_nil); });
    }
    // What is wrong about those that were written to comes right below.
    if (!buckets_.flush()) return false;
    for (const Entry& before : outdated_.sorted()) {
        const Block* leaf = table.leaf_of(before.id);
        const std::uint32_t row = leaf != nullptr ? row_of(leaf, before.id) : kNone;
        const bool is_there = row != kNone;
        const std::uint64_t key = is_there ? key_of_cell(leaf, row, field_, type_) : 0;
        if (has_entry(before.key) && !(is_there && key == before.key))
            place(before.key, before.id, false);
        if (is_there && has_entry(key)) place(key, before.id, true);
        if (is_of_entities()) place(0, before.id, is_there && !is_alive(directory, key));
    }
    return buckets_.flush();
}

}  // namespace canon::detail
