// Effect writer: the bytes of effects, as canon/effects.hpp tells them.
#pragma once
#include <string>
#include <type_traits>

#include "canon/effects.hpp"
#include "world/scalar.hpp"

namespace canon::detail {

void begin_effect(Bytes& out, Effect::Kind kind, EntityId entity, TemplateIndex template_index);

/// The content of a cell of this type, as it lies in its column.
template <class T>
void put_cell(Bytes& out, FieldType type, const T& cell) {
    Scalar scalar;
    if constexpr (std::is_same_v<T, std::string>)
        scalar =
            type == FieldType::any ? Scalar::of_bytes(cell) : Scalar::of(std::string_view(cell));
    else if constexpr (sizeof(T) == 1)
        scalar = Scalar::of(cell != 0);
    else if (type != FieldType::entity || cell != 0)
        scalar = Scalar::of(cell);
    append_canonical(out, scalar);
}

}  // namespace canon::detail
