// Effects: what commits and callbacks have changed in a world, field by field, in the order in
// which they did; undone changes are left out.
//
// The canonical bytes of an effect: its kind, the id, the template, and then
//   spawn    a count and so many assignments: a field, its value (an array: a list)
//   destroy  nothing
//   set      field, cell, the value before, the value after
// Numbers are varints; an entity field's value is its id, also where that entity is dead.
#pragma once
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"
#include "canon/schema.hpp"
#include "canon/value.hpp"

namespace canon {

struct Effect {
    enum class Kind : std::uint8_t { spawn, destroy, set };

    Kind kind = Kind::set;
    EntityId entity;
    TemplateIndex template_index = 0;
    FieldIndex field = 0;    ///< set
    std::uint32_t cell = 0;  ///< set: of an array, from 0
    Value before, after;     ///< set
    /// spawn: the fields that were given; others have their defaults.
    std::vector<std::pair<FieldIndex, Value>> fields;
};

/// Steps through the bytes of effects.
class EffectReader {
  public:
    explicit EffectReader(std::span<const std::uint8_t> bytes) noexcept : in_(bytes) {}
    /// False at the end, and where the bytes are malformed: `reader().failed()` tells which.
    bool next(Effect& out);
    const ByteReader& reader() const noexcept { return in_; }

  private:
    ByteReader in_;
};

}  // namespace canon
