// Schema: the templates that a program declares: their names, fields, types, defaults and indexes.
//
// It is complete before frame 1 and does not change afterwards (until a hot reload makes another
// one). Indexes and name ids follow the order of declaration, so they are the same wherever the
// same program is loaded.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "canon/value.hpp"

namespace canon {

enum class FieldType : std::uint8_t { boolean, integer, number, string, entity, any, array };

/// As scripts say it: "boolean", "integer", "float", "string", "entity", "any", "array".
const char* type_name(FieldType type) noexcept;

/// What part a field has in the state.
enum class FieldRole : std::uint8_t {
    basic,
    /// Follows from the others, as its author promises. Kept, saved, hashed and dumped like them; a
    /// diff names it after them, since it is not where a difference began.
    derived,
    /// Of this process alone, for hosts: neither hashed, dumped nor saved (a load leaves the
    /// default, a restore what the snapshot has), and no script can name it.
    local,
};

struct FieldSpec {
    std::string name = {};
    FieldType type = FieldType::integer;
    /// The default: of the field, or of each cell of an array. An entity's is nil. Nil stands for
    /// false, 0, 0.0 and "" too.
    Value initial = {};
    FieldType element = FieldType::integer;  ///< arrays only: boolean, integer, number or entity
    std::uint32_t length = 0;                ///< arrays only: cells, at least 1
    FieldRole role = FieldRole::basic;
};

/// Asks for `near` without a scan: cells of `cell` units over two number or integer fields.
struct GridSpec {
    std::string x;
    std::string y;
    double cell = 16.0;
};

struct TemplateSpec {
    std::string name = {};
    bool singleton = false;
    std::vector<FieldSpec> fields = {};
    std::optional<GridSpec> grid = {};
    /// Fields that `where` finds without a scan: booleans, integers, numbers, strings and entities.
    std::vector<std::string> keys = {};
};

using TemplateIndex = std::uint32_t;
using FieldIndex = std::uint32_t;
/// A field's name, the same number in every template that has a field of that name.
using NameId = std::uint32_t;

inline constexpr std::uint32_t kNone = 0xFFFFFFFFu;
/// Of fields in a template, and of templates.
inline constexpr std::size_t kMaxDeclarations = 65'535;
inline constexpr std::uint32_t kMaxArrayLength = 1u << 24;

class Schema {
  public:
    /// Keeps `spec` with its defaults brought to the types of their fields (0 of a number field
    /// becomes 0.0). Fails: throws canon::Error for a name that is taken, empty or no identifier;
    /// more than 65,535 fields or templates; a default of another type than the field; an array
    /// without length or of a type that arrays cannot hold (at most 2^24 cells); a grid or key over
    /// a field that is missing or has no fitting type. The schema is then as it was before.
    TemplateIndex add(TemplateSpec spec);

    std::size_t size() const noexcept { return templates_.size(); }
    const TemplateSpec& operator[](TemplateIndex index) const { return templates_[index].spec; }

    /// kNone where there is no such template.
    TemplateIndex find(std::string_view name) const noexcept;
    /// kNone where no template has a field of that name.
    NameId name_id(std::string_view name) const noexcept;
    const std::string& name(NameId id) const { return names_[id]; }
    std::size_t names() const noexcept { return names_.size(); }
    /// kNone where the template has no such field, or one that is local.
    FieldIndex field(TemplateIndex index, NameId name) const noexcept {
        const auto& by_name = templates_[index].by_name;
        return name < by_name.size() ? by_name[name] : kNone;
    }
    /// The same for each NameId; what is beyond the end is kNone.
    std::span<const FieldIndex> fields_by_name(TemplateIndex index) const noexcept {
        return templates_[index].by_name;
    }
    FieldIndex field(TemplateIndex index, std::string_view name) const noexcept {
        return field(index, name_id(name));
    }

    /// Of any role.
    FieldIndex any_field(TemplateIndex index, std::string_view name) const noexcept;

    /// "; did you mean 'x'?" for the nearest name by edit distance, or nothing where none is nearer
    /// than a third of the name's length. Of names equally near, the one declared first.
    std::string suggest_template(std::string_view name) const;
    std::string suggest_field(TemplateIndex index, std::string_view name) const;

    /// Of everything above: two worlds can only be compared, saved and loaded where it agrees.
    std::uint64_t digest() const noexcept { return digest_; }

  private:
    // Finds keys given as string_view without making a string of them.
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept {
            return std::hash<std::string_view>{}(name);
        }
    };
    // Looked up only, never walked.
    using Names = std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>>;

    struct Entry {
        TemplateSpec spec;
        std::vector<FieldIndex> by_name;  // NameId -> field, kNone where absent
    };

    std::vector<Entry> templates_;
    std::vector<std::string> names_;
    Names name_ids_;
    Names by_name_;
    std::uint64_t digest_ = 0;
};

}  // namespace canon
