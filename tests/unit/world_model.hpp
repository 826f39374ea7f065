// Model: what a world is meant to be, in the simplest words: a map from id to the contents of its
// fields. Property tests do the same operations to both and compare.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/random.hpp"
#include "canon/world.hpp"
#include "core_random_values.hpp"

namespace canon::test {

/// A scalar together with the texts and bytes that it refers to. Never moved once it lent them.
class Held {
  public:
    Held(const Value& value) : value_(value) {
        if (value_.type() == Value::Type::list || value_.type() == Value::Type::map)
            write_value(bytes_, value_);
    }
    /// Bytes that are no value.
    static Held malformed() {
        Held held(Value{});
        held.bytes_.put(static_cast<std::uint8_t>(Tag::list));
        held.bytes_.put(3);
        return held;
    }

    const Value& value() const { return value_; }
    bool is_malformed() const { return value_.is_nil() && !bytes_.empty(); }
    Scalar scalar() const {
        if (!bytes_.empty())
            return Scalar::of_bytes({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
        switch (value_.type()) {
            case Value::Type::boolean:
                return Scalar::of(value_.as_boolean());
            case Value::Type::integer:
                return Scalar::of(value_.as_integer());
            case Value::Type::number:
                return Scalar::of(value_.as_number());
            case Value::Type::string:
                return Scalar::of(value_.as_string());
            default:
                return {};
        }
    }

  private:
    Value value_;
    Bytes bytes_;
};

/// A template of every type of field, one of them indexed in both ways, a second one that shares
/// some names, two singletons.
inline std::shared_ptr<const Schema> full_schema(double cell = 10.0) {
    auto schema = std::make_shared<Schema>();
    schema->add({"match", true, {{"wave", FieldType::integer, 1}, {"leader", FieldType::entity}}});
    schema->add({"soldier",
                 false,
                 {{"x", FieldType::number, 0.5},
                  {"y", FieldType::number},
                  {"hp", FieldType::integer, 100},
                  {"ready", FieldType::boolean, true},
                  {"name", FieldType::string, "no one"},
                  {"target", FieldType::entity},
                  {"memory", FieldType::any, Map{{"seen", List{1, 2}}}},
                  {"path", FieldType::array, 7, FieldType::integer, 3},
                  {"seats", FieldType::array, {}, FieldType::entity, 2},
                  {"flags", FieldType::array, true, FieldType::boolean, 5},
                  {"slopes", FieldType::array, 0.25, FieldType::number, 2}},
                 GridSpec{"x", "y", cell},
                 {"hp", "x", "ready", "name", "target"}});
    schema->add({"crate",
                 false,
                 {{"hp", FieldType::integer, 5},
                  {"x", FieldType::integer, 2},
                  {"y", FieldType::number, 1}}});
    schema->add({"weather", true, {{"wind", FieldType::number, 1.5}}});
    schema->add({"mark", false, {}});
    return schema;
}

class Model {
  public:
    struct Entity {
        TemplateIndex index;
        List fields;  // as stored: an entity field names whom it was given, dead or alive
    };

    explicit Model(const Schema& schema) : schema_(&schema) {
        for (TemplateIndex index = 0; index < schema.size(); ++index)
            if (schema[index].singleton) entities[next_id++] = {index, defaults(index)};
    }

    /// The content that the field would have. False where it cannot have it.
    static bool stored(const FieldSpec& field, const Held& held, Value& out) {
        const Value& value = held.value();
        if (held.is_malformed()) return false;
        if (field.type != FieldType::array) return stored(field.type, value, out);
        if (value.type() != Value::Type::list || value.as_list().size() != field.length)
            return false;
        List list = value.as_list();
        for (Value& cell : list)
            if (!stored(field.element, Value(cell), cell)) return false;
        out = list;
        return true;
    }

    static bool stored(FieldType type, const Value& value, Value& out) {
        try {
            switch (type) {
                case FieldType::boolean:
                    out = value.as_boolean();
                    return true;
                case FieldType::integer:
                    out = value.as_integer();
                    return true;
                case FieldType::number:
                    out = value.as_number();
                    return true;
                case FieldType::string:
                    out = value.as_string();
                    return true;
                case FieldType::entity:
                    out = value;
                    return value.is_nil() ||
                           (value.type() == Value::Type::integer && value.as_integer() > 0);
                default:
                    out = value;
                    return true;
            }
        } catch (const Error&) {
            return false;
        }
    }

    WriteResult set(std::int64_t id, NameId name, const Held& held) {
        Value* cell;
        const FieldSpec* field;
        if (const WriteResult found = locate(id, name, cell, field); found != WriteResult::done)
            return found;
        Value next;
        if (!stored(*field, held, next)) return WriteResult::wrong_type;
        *cell = next;
        return WriteResult::done;
    }

    WriteResult add(std::int64_t id, NameId name, const Held& delta, const Held* min,
                    const Held* max) {
        Value* cell;
        const FieldSpec* field;
        if (const WriteResult found = locate(id, name, cell, field); found != WriteResult::done)
            return found;
        const auto is_numeric = [](const Value& value) {
            return value.type() == Value::Type::integer || value.type() == Value::Type::number;
        };
        // The extended type holds every integer and every float exactly.
        const auto exact = [](const Value& value) -> long double {
            if (value.type() == Value::Type::integer) return value.as_integer();
            return value.as_number();
        };
        static_assert(std::numeric_limits<long double>::digits >= 64);
        if (field->type == FieldType::entity || !is_numeric(*cell) || !is_numeric(delta.value()) ||
            (min != nullptr && !is_numeric(min->value())) ||
            (max != nullptr && !is_numeric(max->value())))
            return WriteResult::wrong_type;
        Value sum;
        if (cell->type() == Value::Type::integer && delta.value().type() == Value::Type::integer)
            sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(cell->as_integer()) +
                                            static_cast<std::uint64_t>(delta.value().as_integer()));
        else
            sum = static_cast<double>(exact(*cell)) + static_cast<double>(exact(delta.value()));
        if (min != nullptr && exact(sum) < exact(min->value())) sum = min->value();
        if (max != nullptr && exact(max->value()) < exact(sum)) sum = max->value();
        Value next;
        if (!stored(field->type, sum, next)) return WriteResult::wrong_type;
        *cell = next;
        return WriteResult::done;
    }

    WriteResult put(std::int64_t id, NameId name, std::int64_t index, const Held& held) {
        Value* cell;
        const FieldSpec* field;
        if (const WriteResult found = locate(id, name, cell, field); found != WriteResult::done)
            return found;
        if (field->type != FieldType::array) return WriteResult::wrong_type;
        if (index < 1 || index > field->length) return WriteResult::bad_index;
        Value next;
        if (held.is_malformed() || !stored(field->element, held.value(), next))
            return WriteResult::wrong_type;
        List cells = cell->as_list();
        cells[static_cast<std::size_t>(index - 1)] = next;
        *cell = cells;
        return WriteResult::done;
    }

    WriteResult spawn(std::int64_t id, TemplateIndex index,
                      const std::vector<std::pair<FieldIndex, const Held*>>& fields) {
        if ((*schema_)[index].singleton) return WriteResult::singleton;
        if (id <= 0 || id == INT64_MAX || entities.contains(id)) return WriteResult::taken;
        Entity entity{index, defaults(index)};
        for (const auto& [field, held] : fields)
            if (!stored((*schema_)[index].fields[field], *held, entity.fields[field]))
                return WriteResult::wrong_type;
        entities[id] = entity;
        next_id = std::max(next_id, id + 1);
        return WriteResult::done;
    }

    WriteResult destroy(std::int64_t id) {
        const auto found = entities.find(id);
        if (found == entities.end()) return WriteResult::dead;
        if ((*schema_)[found->second.index].singleton) return WriteResult::singleton;
        entities.erase(found);
        return WriteResult::done;
    }

    /// As `World::get` gives it.
    Value read(const Entity& entity, FieldIndex index) const {
        const FieldSpec& field = (*schema_)[entity.index].fields[index];
        const Value& value = entity.fields[index];
        const auto living = [this](const Value& named) {
            return named.is_nil() || entities.contains(named.as_integer()) ? named : Value();
        };
        if (field.type == FieldType::entity) return living(value);
        if (field.type != FieldType::array || field.element != FieldType::entity) return value;
        List cells = value.as_list();
        for (Value& cell : cells) cell = living(cell);
        return cells;
    }

    std::vector<EntityId> all(TemplateIndex index) const {
        std::vector<EntityId> ids;
        for (const auto& [id, entity] : entities)
            if (entity.index == index) ids.push_back({id});
        return ids;
    }

    std::map<std::int64_t, Entity> entities;
    std::int64_t next_id = 1;

  private:
    List defaults(TemplateIndex index) const {
        List fields;
        for (const FieldSpec& field : (*schema_)[index].fields)
            fields.push_back(field.type == FieldType::array
                                 ? Value(List(field.length, field.initial))
                                 : field.initial);
        return fields;
    }

    WriteResult locate(std::int64_t id, NameId name, Value*& cell, const FieldSpec*& field) {
        const auto found = entities.find(id);
        if (found == entities.end()) return WriteResult::dead;
        const FieldIndex index = schema_->field(found->second.index, name);
        if (index == kNone) return WriteResult::no_field;
        cell = &found->second.fields[index];
        field = &(*schema_)[found->second.index].fields[index];
        return WriteResult::done;
    }

    const Schema* schema_;
};

/// What the world differs in from the model, or nothing.
inline std::string difference(const World& world, const Model& model) {
    const Schema& schema = world.schema();
    if (world.next_id().value != model.next_id) return "next_id";
    for (TemplateIndex index = 0; index < schema.size(); ++index) {
        std::vector<EntityId> ids;
        world.each(index, ids);
        if (ids != model.all(index)) return schema[index].name + ": other entities";
        if (world.count(index) != ids.size()) return schema[index].name + ": another count";
    }
    for (const auto& [id, entity] : model.entities) {
        Location where;
        if (!world.find({id}, where) || where.template_index != entity.index)
            return std::to_string(id) + " is not found";
        for (FieldIndex field = 0; field < entity.fields.size(); ++field) {
            const FieldSpec& spec = schema[entity.index].fields[field];
            const Value expected = model.read(entity, field);
            if (world.get({id}, spec.name) != expected)
                return schema[entity.index].name + " " + std::to_string(id) + " ." + spec.name;
        }
    }
    return "";
}

/// A world of the same content with another history: entities come in id order, each complete at
/// once.
inline std::unique_ptr<World> rebuilt(std::shared_ptr<const Schema> schema, const Model& model) {
    auto world = std::make_unique<World>(schema);
    for (const auto& [id, entity] : model.entities) {
        std::vector<Held> held;
        for (const Value& value : entity.fields) held.emplace_back(value);
        std::vector<World::Assignment> fields;
        for (FieldIndex field = 0; field < held.size(); ++field)
            fields.push_back({field, held[field].scalar()});
        if ((*schema)[entity.index].singleton)
            for (const auto& [field, scalar] : fields)
                world->set({id}, schema->name_id((*schema)[entity.index].fields[field].name),
                           scalar);
        else
            world->spawn({id}, entity.index, fields);
    }
    world->set_next_id({model.next_id});
    return world;
}

inline std::string saved_text(const World& world) {
    Bytes bytes;
    world.save(bytes);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Held random_content(RandomStream& random) {
    static const std::vector<double> kFloats = {0.0,
                                                -0.0,
                                                1.0,
                                                1.5,
                                                -3.0,
                                                0x1p53,
                                                0x1p63,
                                                -0x1p63,
                                                1e300,
                                                5e-324,
                                                std::numeric_limits<double>::infinity(),
                                                -std::numeric_limits<double>::infinity(),
                                                std::numeric_limits<double>::quiet_NaN()};
    static const std::vector<std::int64_t> kIntegers = {0,
                                                        1,
                                                        -1,
                                                        2,
                                                        100,
                                                        INT64_MAX,
                                                        INT64_MIN,
                                                        (std::int64_t{1} << 53) + 1,
                                                        -(std::int64_t{1} << 53)};
    const auto one_of = [&](const auto& list) {
        return list[static_cast<std::size_t>(
            random.next_integer(0, static_cast<std::int64_t>(list.size()) - 1))];
    };
    switch (random.next_integer(0, 11)) {
        case 0:
            return Value();
        case 1:
            return Value(random.next_integer(0, 1) == 1);
        case 2:
            return Value(one_of(kIntegers));
        case 3:
        case 4:
            return Value(random.next_integer(1, 60));
        case 5:
            return Value(one_of(kFloats));
        case 6:
            return Value(static_cast<double>(random.next_integer(-40, 40)) / 2);
        case 7:
            return Value(random_text(random));
        case 8:
            return Value(std::string(40, static_cast<char>(random.next_integer(0, 255))));
        case 9: {
            List cells(static_cast<std::size_t>(random.next_integer(2, 5)));
            const Value cell = random_content(random).value();
            for (Value& each : cells) each = cell;
            return Value(cells);
        }
        case 10:
            return Value(random_value(random));
        default:
            return Held::malformed();
    }
}

/// Does one random operation to both; whether both gave the same result.
inline bool same_random_write(World& world, Model& model, RandomStream& random) {
    const Schema& schema = world.schema();
    static const std::vector<const char*> kNames = {"x",      "y",    "hp",    "ready", "name",
                                                    "target", "path", "seats", "flags", "slopes",
                                                    "memory", "wave", "wind",  "leader"};
    std::int64_t id = random.next_integer(-1, model.next_id + 3);
    if (random.next_integer(0, 5) != 0)
        id = std::next(model.entities.begin(),
                       random.next_integer(0, std::ssize(model.entities) - 1))
                 ->first;
    const NameId name = schema.name_id(
        kNames[static_cast<std::size_t>(random.next_integer(0, std::ssize(kNames) - 1))]);
    const Held held = random_content(random);
    switch (random.next_integer(0, 9)) {
        case 0:
        case 1:
        case 2:
            return world.set({id}, name, held.scalar()) == model.set(id, name, held);
        case 3:
        case 4: {
            const Held low = random_content(random), high = random_content(random);
            const Held* min = random.next_integer(0, 1) == 0 ? nullptr : &low;
            const Held* max = random.next_integer(0, 1) == 0 ? nullptr : &high;
            const Scalar low_scalar = low.scalar(), high_scalar = high.scalar();
            return world.add({id}, name, held.scalar(), min != nullptr ? &low_scalar : nullptr,
                             max != nullptr ? &high_scalar : nullptr) ==
                   model.add(id, name, held, min, max);
        }
        case 5: {
            // The model knows cells only; lists in `any` fields have tests of their own.
            const NameId array = schema.name_id(random.next_integer(0, 1) == 0 ? "path" : "seats");
            const std::int64_t index = random.next_integer(0, 4);
            return world.put({id}, array, index, held.scalar()) ==
                   model.put(id, array, index, held);
        }
        case 6:
        case 7:
        case 8: {
            const auto index = static_cast<TemplateIndex>(
                random.next_integer(0, static_cast<std::int64_t>(schema.size()) - 1));
            // Mostly ascending, as the blocks of jobs are, but some come late.
            const std::int64_t spawned =
                random.next_integer(0, 5) == 0 ? id : model.next_id + 8 * random.next_integer(0, 3);
            std::vector<std::pair<FieldIndex, const Held*>> expected;
            std::vector<World::Assignment> fields;
            std::vector<Held> contents;
            contents.reserve(4);
            for (std::int64_t left = random.next_integer(0, 3);
                 left > 0 && !schema[index].fields.empty(); --left) {
                const Held& content = contents.emplace_back(random_content(random));
                const auto field = static_cast<FieldIndex>(
                    random.next_integer(0, std::ssize(schema[index].fields) - 1));
                fields.push_back({field, content.scalar()});
                expected.emplace_back(field, &content);
            }
            return world.spawn({spawned}, index, fields) == model.spawn(spawned, index, expected);
        }
        default:
            return world.destroy({id}) == model.destroy(id);
    }
}

}  // namespace canon::test
