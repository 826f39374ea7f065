// The world by names and values: the same operations, with errors that say what was found and what
// was expected.
#include <string>
#include <utility>

#include "canon/json.hpp"
#include "canon/world.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"

namespace canon {
namespace {

constexpr std::size_t kQuotedTextLength = 40;

std::string plural(FieldType type) {
    return type == FieldType::entity ? "entities" : std::string(type_name(type)) + "s";
}

std::string describe_field(const FieldSpec& field) {
    if (field.type == FieldType::array)
        return "is an array of " + plural(field.element) + " of length " +
               std::to_string(field.length);
    if (field.type == FieldType::any)
        return "holds lists and maps of at most " + std::to_string(kMaxDepth) + " levels";
    const bool begins_with_vowel =
        field.type == FieldType::integer || field.type == FieldType::entity;
    return std::string(begins_with_vowel ? "is an " : "is a ") + type_name(field.type);
}

std::string describe_value(const Value& value) {
    switch (value.type()) {
        case Value::Type::nil:
            return "nil";
        case Value::Type::boolean:
            return "the boolean " + to_json(value);
        case Value::Type::integer:
            return "the integer " + std::to_string(value.as_integer());
        case Value::Type::number:
            return "the float " + float_text(value.as_number());
        case Value::Type::string: {
            const std::string& text = value.as_string();
            if (text.size() <= kQuotedTextLength) return "the string " + to_json(value);
            return "a string that begins " + to_json(text.substr(0, kQuotedTextLength));
        }
        case Value::Type::list:
            return "a list of length " + std::to_string(value.as_list().size());
        case Value::Type::map:
            return "a map of size " + std::to_string(value.as_map().size());
    }
    return "a value";
}

}  // namespace

void World::refuse(TemplateIndex index, FieldIndex field, const Value& value) const {
    const TemplateSpec& spec = schema()[index];
    const FieldSpec& declared = spec.fields[field];
    std::string text = spec.name + "." + declared.name + " " + describe_field(declared) +
                       " and cannot hold " + describe_value(value);
    if (declared.type == FieldType::array && value.type() == Value::Type::list) {
        const List& list = value.as_list();
        Bytes buffer;
        for (std::size_t i = 0; list.size() == declared.length && i < list.size(); ++i) {
            const bool is_deep =
                list[i].type() == Value::Type::list || list[i].type() == Value::Type::map;
            if (!is_deep && detail::fits(declared.element, detail::scalar_of(list[i], buffer)))
                continue;
            text += ", of which number " + std::to_string(i + 1) + " is " + describe_value(list[i]);
            break;
        }
    }
    throw Error(text);
}

FieldIndex World::field_by_name(TemplateIndex index, std::string_view name) const {
    const FieldIndex field = schema().any_field(index, name);
    if (field == kNone)
        throw Error("template '" + schema()[index].name + "' has no field '" + std::string(name) +
                    "'" + schema().suggest_field(index, name));
    return field;
}

Value World::get(EntityId id, std::string_view field_name) const {
    Location where;
    if (!find(id, where)) return {};
    const FieldIndex field = field_by_name(where.template_index, field_name);
    const std::uint32_t cell_count = cells(where, field);
    if (cell_count == 0) return detail::value_of(read(where, field));
    List list;
    list.reserve(cell_count);
    for (std::uint32_t index = 0; index < cell_count; ++index)
        list.push_back(detail::value_of(read_cell(where, field, index)));
    return list;
}

Scalar World::scalar_for(TemplateIndex index, FieldIndex field, const Value& value,
                         Bytes& buffer) const {
    Scalar scalar;
    try {
        scalar = detail::scalar_of(value, buffer);
    } catch (const Error&) {
        refuse(index, field, value);
    }
    if (!detail::fits(column(index, field), scalar)) refuse(index, field, value);
    return scalar;
}

void World::set(EntityId id, std::string_view field_name, const Value& value) {
    assert_writable();
    Location where;
    if (!find(id, where)) return;
    const FieldIndex field = field_by_name(where.template_index, field_name);
    Bytes buffer;
    const Scalar scalar = scalar_for(where.template_index, field, value, buffer);
    store_field({id, where, field, &column(where.template_index, field)}, scalar);
}

EntityId World::spawn(std::string_view template_name, const Map& fields) {
    const TemplateIndex index = schema().find(template_name);
    if (index == kNone)
        throw Error("there is no template '" + std::string(template_name) + "'" +
                    schema().suggest_template(template_name));
    if (layouts_[index].is_singleton)
        throw Error("'" + std::string(template_name) +
                    "' is a singleton: it is there from the start");
    std::vector<Assignment> assignments;
    std::vector<Bytes> buffers(fields.size());
    for (const auto& [key, value] : fields) {
        if (!key.is_integer()) {
            const FieldIndex field = field_by_name(index, key.as_string());
            Bytes& buffer = buffers[assignments.size()];
            assignments.push_back({field, scalar_for(index, field, value, buffer)});
            continue;
        }
        throw Error("the fields of a new '" + std::string(template_name) + "' have the key " +
                    std::to_string(key.as_integer()) + ": expected names");
    }
    const EntityId id = next_id();
    const WriteResult result = spawn(id, index, assignments);
    if (result != WriteResult::done)
        throw Error("a new '" + std::string(template_name) +
                    "' could not be spawned: " + describe(result));
    return id;
}

}  // namespace canon
