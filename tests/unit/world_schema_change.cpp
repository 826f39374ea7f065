// Goal: a world that goes on with other templates holds, of what both know by name, just what fits,
// and the defaults elsewhere; it is then a world like any other. Method: random templates before
// and after, with random entities; each value is compared with what the rule says of the one
// before, worked out by value and name.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "canon/random.hpp"
#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "core/sanitizers.hpp"

namespace canon {
namespace {

// Arrays most often: they have the most to go wrong.
constexpr FieldType kTypes[] = {FieldType::boolean, FieldType::integer, FieldType::number,
                                FieldType::string,  FieldType::entity,  FieldType::any,
                                FieldType::array,   FieldType::array,   FieldType::array};
constexpr FieldType kCellTypes[] = {FieldType::boolean, FieldType::integer, FieldType::number,
                                    FieldType::entity};

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(0x5C4E3A, seed) {}
    std::int64_t below(std::int64_t count) { return random_.next_integer(0, count - 1); }
    bool once_in(std::int64_t count) { return below(count) == 0; }
    template <class T, std::size_t Size>
    T pick(const T (&all)[Size]) {
        return all[below(static_cast<std::int64_t>(Size))];
    }

    /// What a field, or a cell, of that type can hold. Entities are dead or alive.
    Value value(FieldType type) {
        switch (type) {
            case FieldType::boolean:
                return once_in(2);
            case FieldType::integer:
                if (once_in(3)) return 0;
                return once_in(5) ? (std::int64_t{1} << 53) + below(9) : below(7) - 3;
            case FieldType::number:
                if (once_in(9)) return std::nan("");
                return once_in(3) ? 0.5 + static_cast<double>(below(4))
                                  : static_cast<double>(below(5));
            case FieldType::string:
                return std::string(static_cast<std::size_t>(below(20)), 'x');
            case FieldType::entity:
                return once_in(4) ? Value() : Value(1 + below(90));
            default:
                switch (below(4)) {
                    case 0:
                        return List{below(3), "y"};
                    case 1:
                        return Map{{"k", below(3)}};
                    case 2:
                        return below(9);
                    default:
                        return "text";
                }
        }
    }

    TemplateSpec spec(std::string name) {
        TemplateSpec spec;
        spec.name = std::move(name);
        spec.singleton = once_in(4);
        for (const char* field : {"a", "b", "c", "d", "x", "y"}) {
            if (once_in(3)) continue;
            FieldSpec made;
            made.name = field;
            made.type = field[0] >= 'x' ? FieldType::number : pick(kTypes);
            if (made.type == FieldType::array) {
                made.element = pick(kCellTypes);
                made.length = static_cast<std::uint32_t>(1 + below(once_in(4) ? 3000 : 6));
            }
            const FieldType of = made.type == FieldType::array ? made.element : made.type;
            if (of != FieldType::entity) made.initial = value(of);
            if (made.type != FieldType::array && made.type != FieldType::any && once_in(3))
                spec.keys.push_back(field);
            // At a random place, so that numbers of fields change.
            spec.fields.insert(
                spec.fields.begin() + below(static_cast<std::int64_t>(spec.fields.size()) + 1),
                std::move(made));
        }
        bool has_x = false, has_y = false;
        for (const FieldSpec& field : spec.fields)
            has_x |= field.name == "x", has_y |= field.name == "y";
        if (has_x && has_y && once_in(2)) spec.grid = GridSpec{"x", "y", 2.0};
        return spec;
    }

    std::shared_ptr<const Schema> schema() {
        auto schema = std::make_shared<Schema>();
        std::vector<std::string> names = {"t0", "t1", "t2", "t3", "t4"};
        while (!names.empty()) {
            const auto at = names.begin() + below(static_cast<std::int64_t>(names.size()));
            if (!once_in(4)) schema->add(spec(*at));
            names.erase(at);
        }
        return schema;
    }

  private:
    RandomStream random_;
};

struct Seen {
    std::string template_name;
    std::map<std::string, Value> fields;
    std::map<std::string, FieldSpec> specs;
};

std::map<std::int64_t, Seen> all_of(const World& world) {
    std::map<std::int64_t, Seen> all;
    const Schema& schema = world.schema();
    for (TemplateIndex index = 0; index < schema.size(); ++index) {
        std::vector<EntityId> ids;
        world.each(index, ids);
        for (const EntityId id : ids) {
            Seen& seen = all[id.value];
            seen.template_name = schema[index].name;
            for (const FieldSpec& field : schema[index].fields) {
                seen.fields[field.name] = world.get(id, field.name);
                seen.specs[field.name] = field;
            }
        }
    }
    return all;
}

// What a field or cell of type `to` holds of what one of type `from` held.
Value expected_of(const Value& value, FieldType from, FieldType to, const Value& initial) {
    const bool is_same = from == to;
    switch (to) {
        case FieldType::boolean:
            // What is in an `any` field is taken by what it is.
            return value.type() == Value::Type::boolean ? value : initial;
        case FieldType::integer:
            if (from == FieldType::entity) return initial;
            if (value.type() == Value::Type::integer) return value;
            if (value.type() == Value::Type::number &&
                std::floor(value.as_number()) == value.as_number())
                return static_cast<std::int64_t>(value.as_number());
            return initial;
        case FieldType::number:
            if (from == FieldType::entity) return initial;
            if (value.type() == Value::Type::number) return value;
            if (value.type() == Value::Type::integer) {
                const auto number = static_cast<double>(value.as_integer());
                if (static_cast<std::int64_t>(number) == value.as_integer()) return number;
            }
            return initial;
        case FieldType::string:
            return value.type() == Value::Type::string ? value : initial;
        case FieldType::entity:
            return is_same ? value : Value();
        case FieldType::any:
            return from == FieldType::entity ? initial : value;
        case FieldType::array:
            break;
    }
    return initial;
}

Value default_of(const FieldSpec& field) {
    if (field.type == FieldType::array) return List(field.length, field.initial);
    return field.initial;
}

Value expected_field(const Value& value, const FieldSpec& from, const FieldSpec& to) {
    const bool was_array = from.type == FieldType::array, is_array = to.type == FieldType::array;
    if (was_array != is_array) return default_of(to);
    if (!is_array) return expected_of(value, from.type, to.type, to.initial);
    List cells(to.length, to.initial);
    for (std::size_t cell = 0; cell < std::min<std::size_t>(from.length, to.length); ++cell)
        cells[cell] = expected_of(value.as_list()[cell], from.element, to.element, to.initial);
    return cells;
}

bool is_same(const Value& a, const Value& b) {
    Bytes x, y;
    write_value(x, a);
    write_value(y, b);
    return std::ranges::equal(x.view(), y.view());
}

void check_change(std::uint64_t seed) {
    Dice dice(seed);
    World world(dice.schema());
    for (std::int64_t i = dice.below(120); i > 0; --i) {
        const Schema& schema = world.schema();
        if (schema.size() == 0) break;
        const auto index =
            static_cast<TemplateIndex>(dice.below(static_cast<std::int64_t>(schema.size())));
        const TemplateSpec& spec = schema[index];
        const EntityId id = spec.singleton ? world.singleton(index) : world.spawn(spec.name);
        for (const FieldSpec& field : spec.fields) {
            if (dice.once_in(3)) continue;
            if (field.type == FieldType::array) {
                const Value cell = dice.value(field.element);
                if (cell.is_nil()) continue;
                List cells = world.get(id, field.name).as_list();
                for (int times = 0; times < 3; ++times)
                    cells[static_cast<std::size_t>(dice.below(field.length))] = cell;
                world.set(id, field.name, cells);
            } else {
                world.set(id, field.name, dice.value(field.type));
            }
        }
        if (dice.once_in(5) && !spec.singleton) world.destroy(id);
    }
    const auto before = all_of(world);
    const std::int64_t next_id = world.next_id().value;
    const auto snapshot = world.capture();
    const std::uint64_t hash = world.state_hash();
    const auto had_schema = world.shared_schema();
    const auto schema = dice.schema();

    world.change_schema(schema);
    const auto after = all_of(world);
    const auto singletons = [](const Schema& of) {
        std::map<std::string, bool> all;
        for (TemplateIndex index = 0; index < of.size(); ++index)
            all[of[index].name] = of[index].singleton;
        return all;
    };
    const auto had = singletons(*had_schema), has = singletons(*schema);
    std::size_t stayed = 0;
    for (const auto& [id, seen] : before) {
        const auto found = has.find(seen.template_name);
        const bool stays = found != has.end() && found->second == had.at(seen.template_name);
        BOOST_TEST_REQUIRE(after.contains(id) == stays);
        if (!stays) continue;
        ++stayed;
        const Seen& now = after.at(id);
        BOOST_TEST_REQUIRE(now.template_name == seen.template_name);
        for (const auto& [name, spec] : now.specs) {
            const auto old = seen.specs.find(name);
            Value expected =
                old == seen.specs.end()
                    ? expected_field(Value(), FieldSpec{.type = FieldType::entity}, spec)
                    : expected_field(seen.fields.at(name), old->second, spec);
            // An id that nobody has any more reads as nil.
            const auto alive = [&](Value& value) {
                if (value.type() == Value::Type::integer && !world.alive({value.as_integer()}))
                    value = Value();
            };
            if (spec.type == FieldType::entity) alive(expected);
            if (spec.type == FieldType::array && spec.element == FieldType::entity) {
                List cells = expected.as_list();
                for (Value& cell : cells) alive(cell);
                expected = std::move(cells);
            }
            BOOST_TEST_REQUIRE(is_same(now.fields.at(name), expected),
                               seen.template_name << " " << id << "." << name);
        }
    }
    // What else there is are singletons that are new, with ids of their own.
    std::size_t added = 0;
    for (const auto& [id, seen] : after) {
        if (before.contains(id)) continue;
        ++added;
        BOOST_TEST(has.at(seen.template_name));
        BOOST_TEST(id >= next_id);
    }
    BOOST_TEST(after.size() == stayed + added);
    BOOST_TEST(world.next_id().value == next_id + static_cast<std::int64_t>(added));

    // The snapshot is as it was, and both worlds are like any other.
    BOOST_TEST(snapshot->world().state_hash() == hash);
    Bytes saved;
    world.save(saved);
    World loaded(schema);
    ByteReader in(saved.view());
    loaded.load(in);
    BOOST_TEST(loaded.state_hash() == world.state_hash());
    BOOST_TEST(loaded.dump() == world.dump());
    for (TemplateIndex index = 0; index < schema->size(); ++index) {
        const TemplateSpec& spec = (*schema)[index];
        for (World* one : {&world, &loaded}) one->freeze();
        for (const std::string& key : spec.keys) {
            const FieldIndex field = schema->field(index, std::string_view(key));
            for (int probe = -3; probe < 4; ++probe) {
                std::vector<EntityId> a, b;
                world.where(index, field, Scalar::of(probe), a);
                loaded.where(index, field, Scalar::of(probe), b);
                BOOST_TEST((a == b));
            }
        }
        std::vector<EntityId> a, b;
        BOOST_TEST(world.near(index, 1, 1, 2, a) == loaded.near(index, 1, 1, 2, b));
        BOOST_TEST((a == b));
        for (World* one : {&world, &loaded}) one->thaw();
    }
    const std::uint64_t changed = world.state_hash();
    world.begin_savepoint();
    for (const auto& [id, seen] : after)
        for (const auto& [name, spec] : seen.specs)
            if (spec.type == FieldType::number) world.set({id}, name, 77.0);
    for (const auto& [id, seen] : after)
        if (!has.at(seen.template_name)) world.destroy({id});
    world.undo_savepoint();
    BOOST_TEST(world.state_hash() == changed);

    // And back by the snapshot of that time.
    World back(had_schema);
    world.exchange(back);
    world.restore(*snapshot);
    BOOST_TEST(world.state_hash() == hash);
    BOOST_TEST(back.state_hash() == changed);
}

BOOST_AUTO_TEST_SUITE(world_schema_change)

BOOST_AUTO_TEST_CASE(random_templates_take_what_fits_and_nothing_else) {
    // A sanitizer takes ten times as long for each.
    for (std::uint64_t seed = 0; seed < (CANON_IS_SANITIZED ? 60 : 300); ++seed)
        BOOST_TEST_CONTEXT("seed " << seed) { check_change(seed); }
}

BOOST_AUTO_TEST_CASE(the_same_templates_in_another_order_lose_nothing) {
    auto had = std::make_shared<Schema>(), has = std::make_shared<Schema>();
    const TemplateSpec one{.name = "one", .fields = {{"n", FieldType::integer, 5}}};
    const TemplateSpec two{.name = "two", .singleton = true, .fields = {{"t", FieldType::string}}};
    had->add(one), had->add(two);
    has->add(two), has->add(one);
    World world(had);
    const EntityId id = world.spawn("one", {{"n", 8}});
    world.set({1}, "t", "kept");
    world.record_effects(true);
    world.set(id, "n", 8);
    BOOST_TEST(!world.effects().empty());
    BOOST_TEST(world.change_schema(has).empty());
    BOOST_TEST(world.effects().empty());  // which had the numbers of the templates before
    BOOST_TEST((world.get(id, "n") == Value(8)));
    BOOST_TEST((world.get(world.singleton("two"), "t") == Value("kept")));
    BOOST_TEST(world.singleton("two").value == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
