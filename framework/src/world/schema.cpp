#include "canon/schema.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "canon/bytes.hpp"
#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "world/edit_distance.hpp"

namespace canon {
namespace {

constexpr std::uint64_t kDigestSeed = 1;  // rises when what a digest covers changes

bool is_identifier(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_letter(c) || is_digit(c); });
}

void check_identifier(std::string_view name, const std::string& what) {
    if (is_identifier(name)) return;
    throw Error(to_json(Value(name)) + " is no name for " + what +
                ": expected letters, digits and underscores, no digit first");
}

Value zero_of(FieldType type) {
    switch (type) {
        case FieldType::boolean:
            return false;
        case FieldType::integer:
            return 0;
        case FieldType::number:
            return 0.0;
        case FieldType::string:
            return "";
        default:
            return {};
    }
}

bool can_be_cell(FieldType type) {
    return type == FieldType::boolean || type == FieldType::integer || type == FieldType::number ||
           type == FieldType::entity;
}

// The default as its field holds it. Throws canon::Error where it cannot.
Value converted_default(FieldType type, const Value& initial) {
    if (initial.is_nil()) return zero_of(type);
    switch (type) {
        case FieldType::boolean:
            return initial.as_boolean();
        case FieldType::integer:
            return initial.as_integer();
        case FieldType::number:
            return initial.as_number();
        case FieldType::string:
            return initial.as_string();
        case FieldType::entity:
            throw Error(std::string("an entity field starts as nil, found the default ") +
                        to_json(initial));
        case FieldType::any: {
            Bytes bytes;
            write_value(bytes, initial);  // throws where it nests too deeply
            return initial;
        }
        case FieldType::array:
            break;
    }
    throw Error("not a type");
}

void check_field(FieldSpec& field, const std::string& path) {
    if (field.role > FieldRole::local) throw Error(path + " has no role");
    if (field.type > FieldType::array || field.element > FieldType::array)
        throw Error(path + " has no type");
    if (field.type == FieldType::array) {
        if (!can_be_cell(field.element))
            throw Error(path + " is an array of " + type_name(field.element) +
                        ": expected boolean, integer, float or entity");
        if (field.length == 0 || field.length > kMaxArrayLength)
            throw Error(path + " is an array of " + std::to_string(field.length) +
                        " cells: expected 1 to " + std::to_string(kMaxArrayLength));
    }
    try {
        field.initial = converted_default(
            field.type == FieldType::array ? field.element : field.type, field.initial);
    } catch (const Error& error) {
        throw Error("the default of " + path + ": " + error.what());
    }
}

const FieldSpec& indexed_field(const TemplateSpec& spec, const std::string& name,
                               const char* what) {
    for (const FieldSpec& field : spec.fields)
        if (field.name == name && field.role != FieldRole::local) return field;
    std::vector<std::string_view> names;
    for (const FieldSpec& field : spec.fields) names.push_back(field.name);
    throw Error("template '" + spec.name + "' has no field '" + name + "' for its " + what +
                detail::suggestion(name, names));
}

void check_indexes(const TemplateSpec& spec) {
    if (spec.grid) {
        for (const std::string* axis : {&spec.grid->x, &spec.grid->y}) {
            const FieldSpec& field = indexed_field(spec, *axis, "grid");
            if (field.type != FieldType::integer && field.type != FieldType::number)
                throw Error("the grid of template '" + spec.name + "' is over '" + *axis +
                            "', which is of type " + type_name(field.type) +
                            ": expected integer or float");
        }
        if (!(spec.grid->cell > 0) || std::isinf(spec.grid->cell))
            throw Error("the grid of template '" + spec.name + "' has cells of " +
                        float_text(spec.grid->cell) + " units: expected a number above 0");
    }
    for (std::size_t i = 0; i < spec.keys.size(); ++i) {
        const FieldSpec& field = indexed_field(spec, spec.keys[i], "key");
        if (field.type == FieldType::any || field.type == FieldType::array)
            throw Error("the key '" + field.name + "' of template '" + spec.name + "' is of type " +
                        type_name(field.type) +
                        ": expected boolean, integer, float, string or entity");
        if (std::find(spec.keys.begin(), spec.keys.begin() + static_cast<std::ptrdiff_t>(i),
                      spec.keys[i]) != spec.keys.begin() + static_cast<std::ptrdiff_t>(i))
            throw Error("template '" + spec.name + "' declares the key '" + field.name + "' twice");
    }
}

void check(TemplateSpec& spec) {
    check_identifier(spec.name, "a template");
    if (spec.fields.size() > kMaxDeclarations)
        throw Error("template '" + spec.name + "' has " + std::to_string(spec.fields.size()) +
                    " fields: expected at most " + std::to_string(kMaxDeclarations));
    std::vector<std::string_view> names;
    for (FieldSpec& field : spec.fields) {
        check_identifier(field.name, "a field of template '" + spec.name + "'");
        check_field(field, spec.name + "." + field.name);
        names.push_back(field.name);
    }
    std::sort(names.begin(), names.end());
    if (const auto twin = std::adjacent_find(names.begin(), names.end()); twin != names.end())
        throw Error("template '" + spec.name + "' has two fields '" + std::string(*twin) + "'");
    check_indexes(spec);
}

void write_spec(Bytes& out, const TemplateSpec& spec) {
    out.put_string(spec.name);
    out.put(spec.singleton);
    out.put_varint(spec.fields.size());
    for (const FieldSpec& field : spec.fields) {
        out.put_string(field.name);
        out.put(static_cast<std::uint8_t>(field.type));
        write_value(out, field.initial);
        if (field.type == FieldType::array) {
            out.put(static_cast<std::uint8_t>(field.element));
            out.put_varint(field.length);
        }
        // Its own tag, which no type has.
        if (field.role != FieldRole::basic) out.put(0x80 | static_cast<std::uint8_t>(field.role));
    }
    out.put(spec.grid.has_value());
    if (spec.grid) {
        out.put_string(spec.grid->x);
        out.put_string(spec.grid->y);
        out.put_float(spec.grid->cell);
    }
    out.put_varint(spec.keys.size());
    for (const std::string& key : spec.keys) out.put_string(key);
}

}  // namespace

const char* type_name(FieldType type) noexcept {
    switch (type) {
        case FieldType::boolean:
            return "boolean";
        case FieldType::integer:
            return "integer";
        case FieldType::number:
            return "float";
        case FieldType::string:
            return "string";
        case FieldType::entity:
            return "entity";
        case FieldType::any:
            return "any";
        case FieldType::array:
            return "array";
    }
    return "unknown";
}

TemplateIndex Schema::add(TemplateSpec spec) {
    check(spec);
    if (find(spec.name) != kNone) throw Error("there is already a template '" + spec.name + "'");
    if (templates_.size() >= kMaxDeclarations)
        throw Error("more than " + std::to_string(kMaxDeclarations) + " templates");

    Bytes bytes;
    write_spec(bytes, spec);
    Entry entry;
    for (FieldIndex field = 0; field < spec.fields.size(); ++field) {
        const std::string& name = spec.fields[field].name;
        const auto known = name_ids_.try_emplace(name, static_cast<NameId>(names_.size()));
        if (known.second) names_.push_back(name);
        const NameId id = known.first->second;
        if (id >= entry.by_name.size()) entry.by_name.resize(id + std::size_t{1}, kNone);
        if (spec.fields[field].role != FieldRole::local) entry.by_name[id] = field;
    }
    const auto index = static_cast<TemplateIndex>(templates_.size());
    by_name_.emplace(spec.name, index);
    entry.spec = std::move(spec);
    templates_.push_back(std::move(entry));
    digest_ = hash_combine(digest_, hash_bytes(bytes.view(), kDigestSeed));
    return index;
}

TemplateIndex Schema::find(std::string_view name) const noexcept {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? kNone : found->second;
}

NameId Schema::name_id(std::string_view name) const noexcept {
    const auto found = name_ids_.find(name);
    return found == name_ids_.end() ? kNone : found->second;
}

FieldIndex Schema::any_field(TemplateIndex index, std::string_view name) const noexcept {
    const std::vector<FieldSpec>& fields = templates_[index].spec.fields;
    for (FieldIndex field = 0; field < fields.size(); ++field)
        if (fields[field].name == name) return field;
    return kNone;
}

std::string Schema::suggest_template(std::string_view name) const {
    std::vector<std::string_view> candidates;
    for (const Entry& entry : templates_) candidates.push_back(entry.spec.name);
    return detail::suggestion(name, candidates);
}

std::string Schema::suggest_field(TemplateIndex index, std::string_view name) const {
    std::vector<std::string_view> candidates;
    for (const FieldSpec& field : templates_[index].spec.fields)
        if (field.role != FieldRole::local) candidates.push_back(field.name);
    return detail::suggestion(name, candidates);
}

}  // namespace canon
