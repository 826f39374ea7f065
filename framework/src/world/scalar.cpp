#include "world/scalar.hpp"

namespace canon::detail {
namespace {

bool less(std::int64_t a, double b) noexcept {
    if (b >= 0x1p63) return true;
    return b > -0x1p63 && a < static_cast<std::int64_t>(std::ceil(b));
}

bool less(double a, std::int64_t b) noexcept {
    if (a < -0x1p63) return true;
    return a < 0x1p63 && static_cast<std::int64_t>(std::floor(a)) < b;
}

}  // namespace

bool less(const Scalar& a, const Scalar& b) noexcept {
    const bool a_is_integer = a.kind == Scalar::Kind::integer;
    const bool b_is_integer = b.kind == Scalar::Kind::integer;
    if (a_is_integer) return b_is_integer ? a.integer < b.integer : less(a.integer, b.number);
    return b_is_integer ? less(a.number, b.integer) : a.number < b.number;
}

bool equal(const Scalar& a, const Scalar& b) noexcept {
    if (is_numeric(a) && is_numeric(b)) {
        if (a.kind == b.kind)
            return a.kind == Scalar::Kind::integer ? a.integer == b.integer : a.number == b.number;
        std::int64_t x = 0, y = 0;
        return integer_of(a, x) && integer_of(b, y) && x == y;
    }
    if (a.kind != b.kind) return false;
    switch (a.kind) {
        case Scalar::Kind::nil:
            return true;
        case Scalar::Kind::boolean:
            return a.boolean == b.boolean;
        case Scalar::Kind::string:
        case Scalar::Kind::bytes:
            return a.text == b.text;
        default:
            return false;
    }
}

bool fits(FieldType cell_type, const Scalar& scalar) noexcept {
    std::int64_t integer;
    double number;
    switch (cell_type) {
        case FieldType::boolean:
            return scalar.kind == Scalar::Kind::boolean;
        case FieldType::integer:
            return integer_of(scalar, integer);
        case FieldType::number:
            return number_of(scalar, number);
        case FieldType::entity:
            return entity_of(scalar, integer);
        case FieldType::string:
            return scalar.kind == Scalar::Kind::string;
        case FieldType::any: {
            if (scalar.kind != Scalar::Kind::bytes) return scalar.kind != Scalar::Kind::array;
            ByteReader in(
                {reinterpret_cast<const std::uint8_t*>(scalar.text.data()), scalar.text.size()});
            return in.skip_value() && in.left() == 0;
        }
        case FieldType::array:
            break;
    }
    return false;
}

bool fits(const ColumnLayout& column, const Scalar& scalar) noexcept {
    if (column.type != FieldType::array) return fits(column.cell_type, scalar);
    return scalar.kind == Scalar::Kind::bytes &&
           each_element(scalar.text, column.width, [&](std::uint32_t, const Scalar& element) {
               return fits(column.cell_type, element);
           });
}

Scalar any_scalar(std::string_view bytes) noexcept {
    ByteReader in({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    std::uint8_t tag = 0;
    in.byte(tag);
    switch (static_cast<Tag>(tag)) {
        case Tag::nil:
            return {};
        case Tag::no:
            return Scalar::of(false);
        case Tag::yes:
            return Scalar::of(true);
        case Tag::integer: {
            std::int64_t integer = 0;
            in.zigzag(integer);
            return Scalar::of(integer);
        }
        case Tag::number: {
            double number = 0;
            in.number(number);
            return Scalar::of(number);
        }
        case Tag::string: {
            std::string_view text;
            in.string(text);
            return Scalar::of(text);
        }
        case Tag::list:
        case Tag::map:
            break;
    }
    return Scalar::of_bytes(bytes);
}

bool append_canonical(Bytes& out, const Scalar& scalar) {
    const auto put_tag = [&out](Tag tag) { out.put(static_cast<std::uint8_t>(tag)); };
    switch (scalar.kind) {
        case Scalar::Kind::nil:
            put_tag(Tag::nil);
            return true;
        case Scalar::Kind::boolean:
            put_tag(scalar.boolean ? Tag::yes : Tag::no);
            return true;
        case Scalar::Kind::integer:
            put_tag(Tag::integer);
            out.put_zigzag(scalar.integer);
            return true;
        case Scalar::Kind::number:
            put_tag(Tag::number);
            out.put_float(scalar.number);
            return true;
        case Scalar::Kind::string:
            put_tag(Tag::string);
            out.put_string(scalar.text);
            return true;
        case Scalar::Kind::bytes:
            if (!fits(FieldType::any, scalar)) return false;
            out.append(scalar.text.data(), scalar.text.size());
            return true;
        case Scalar::Kind::array:
            break;
    }
    return false;
}

Scalar scalar_of(const Value& value, Bytes& buffer) {
    switch (value.type()) {
        case Value::Type::nil:
            return {};
        case Value::Type::boolean:
            return Scalar::of(value.as_boolean());
        case Value::Type::integer:
            return Scalar::of(value.as_integer());
        case Value::Type::number:
            return Scalar::of(value.as_number());
        case Value::Type::string:
            return Scalar::of(std::string_view(value.as_string()));
        case Value::Type::list:
        case Value::Type::map:
            break;
    }
    buffer.clear();
    write_value(buffer, value);
    return Scalar::of_bytes(text_of(buffer));
}

Value value_of(const Scalar& scalar) {
    switch (scalar.kind) {
        case Scalar::Kind::nil:
            return {};
        case Scalar::Kind::boolean:
            return scalar.boolean;
        case Scalar::Kind::integer:
            return scalar.integer;
        case Scalar::Kind::number:
            return scalar.number;
        case Scalar::Kind::string:
            return scalar.text;
        case Scalar::Kind::bytes:
            return value_from_bytes(
                {reinterpret_cast<const std::uint8_t*>(scalar.text.data()), scalar.text.size()});
        case Scalar::Kind::array:
            break;
    }
    return {};
}

}  // namespace canon::detail
