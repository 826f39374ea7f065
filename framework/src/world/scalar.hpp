// What scalars mean to fields: which field can hold which exactly, and how they compare.
#pragma once
#include <cmath>
#include <cstdint>

#include "canon/bytes.hpp"
#include "canon/schema.hpp"
#include "canon/world.hpp"

namespace canon::detail {

inline bool exact_integer(double number, std::int64_t& out) noexcept {
    if (!(number >= -0x1p63 && number < 0x1p63)) return false;
    out = static_cast<std::int64_t>(number);
    return static_cast<double>(out) == number;
}

inline bool exact_number(std::int64_t integer, double& out) noexcept {
    out = static_cast<double>(integer);
    return out < 0x1p63 && static_cast<std::int64_t>(out) == integer;
}

inline bool integer_of(const Scalar& scalar, std::int64_t& out) noexcept {
    if (scalar.kind == Scalar::Kind::number) return exact_integer(scalar.number, out);
    out = scalar.integer;
    return scalar.kind == Scalar::Kind::integer;
}

/// Never a NaN but the canonical one.
inline bool number_of(const Scalar& scalar, double& out) noexcept {
    if (scalar.kind == Scalar::Kind::integer) return exact_number(scalar.integer, out);
    out = canonical(scalar.number);
    return scalar.kind == Scalar::Kind::number;
}

/// As an entity column holds it: 0 for nil.
inline bool entity_of(const Scalar& scalar, std::int64_t& out) noexcept {
    const bool is_nil = scalar.kind == Scalar::Kind::nil;
    out = is_nil ? 0 : scalar.integer;
    return is_nil || (scalar.kind == Scalar::Kind::integer && scalar.integer > 0);
}

inline bool is_numeric(const Scalar& scalar) noexcept {
    return scalar.kind == Scalar::Kind::integer || scalar.kind == Scalar::Kind::number;
}

/// Of two numeric scalars, compared as the numbers they are, without rounding. False where one is
/// no number.
bool less(const Scalar& a, const Scalar& b) noexcept;

/// 1 equals 1.0; nothing equals a NaN or an array.
bool equal(const Scalar& a, const Scalar& b) noexcept;

/// Whether a field, or a cell of such an array, can hold `scalar` exactly.
bool fits(FieldType cell_type, const Scalar& scalar) noexcept;
/// The same for all of a field: an array takes bytes of a list of its length.
bool fits(const ColumnLayout& column, const Scalar& scalar) noexcept;

/// Calls `visit(index, element)` for each element of a list in canonical bytes, until it returns
/// false. False then, and for bytes that are no list of `length` elements.
template <class Visit>
bool each_element(std::string_view bytes, std::uint32_t length, Visit visit) {
    ByteReader in({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    std::uint8_t tag;
    std::uint64_t count;
    if (!in.byte(tag) || tag != static_cast<std::uint8_t>(Tag::list)) return false;
    if (!in.count(count) || count != length) return false;
    for (std::uint32_t index = 0; index < length; ++index) {
        const auto* begin = reinterpret_cast<const char*>(in.position());
        if (!in.skip_value(1)) return false;
        const auto* end = reinterpret_cast<const char*>(in.position());
        if (!visit(index, any_scalar({begin, static_cast<std::size_t>(end - begin)}))) return false;
    }
    return in.left() == 0;
}

/// Appends the scalar's canonical bytes. False, with `out` as it was, for an array and for bytes
/// that are not one value.
bool append_canonical(Bytes& out, const Scalar& scalar);

/// Borrows: texts from `value`, bytes from `buffer`.
/// Fails: throws canon::Error for a value that nests too deeply.
Scalar scalar_of(const Value& value, Bytes& buffer);
/// Of anything but an array.
Value value_of(const Scalar& scalar);

inline std::string_view text_of(const Bytes& bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace canon::detail
