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

std::uint64_t key_of_cell(const Column& column, std::uint32_t row, const Directory& directory) {
    switch (column.type) {
        case FieldType::boolean:
            return column.booleans()[row];
        case FieldType::integer:
            return static_cast<std::uint64_t>(column.integers()[row]);
        case FieldType::number:
            return number_key(column.numbers()[row]);
        case FieldType::string:
            return text_key(column.texts()[row]);
        default:
            break;
    }
    const std::int64_t id = column.integers()[row];
    return directory.contains(id) ? static_cast<std::uint64_t>(id) : 0;
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

void KeyIndex::rebuild(const Table& table, FieldIndex field, const Directory& directory) {
    const Column& column = table.columns[field];
    const std::size_t bucket_count = std::bit_ceil(std::max<std::size_t>(table.living(), 2));
    shift_ = 64 - std::countr_zero(bucket_count);

    // A counting sort by bucket, which keeps the rows' order, that of ids. Until the last loop,
    // begins_[b + 1] is where the next entry of bucket b goes; then it is where bucket b ends.
    begins_.assign(bucket_count + 2, 0);
    key_of_row_.resize(table.rows());
    for (std::uint32_t row = 0; row < table.rows(); ++row) {
        if (!table.is_alive(row)) continue;
        key_of_row_[row] = key_of_cell(column, row, directory);
        ++begins_[bucket_of(key_of_row_[row]) + 2];
    }
    for (std::size_t bucket = 1; bucket < begins_.size(); ++bucket)
        begins_[bucket] += begins_[bucket - 1];
    keys_.resize(table.living());
    rows_.resize(table.living());
    for (std::uint32_t row = 0; row < table.rows(); ++row) {
        if (!table.is_alive(row)) continue;
        const std::uint32_t at = begins_[bucket_of(key_of_row_[row]) + 1]++;
        keys_[at] = key_of_row_[row];
        rows_[at] = row;
    }
}

}  // namespace canon::detail
