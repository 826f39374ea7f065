#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::full_schema;
using test::Held;

const double kInfinity = std::numeric_limits<double>::infinity();

std::vector<EntityId> near(const World& world, TemplateIndex index, double x, double y, double r) {
    std::vector<EntityId> ids;
    BOOST_TEST(world.near(index, x, y, r, ids));
    return ids;
}

// The header's formula, without any index.
std::vector<EntityId> near_by_force(const World& world, TemplateIndex index, double x, double y,
                                    double r) {
    std::vector<EntityId> ids, found;
    world.each(index, ids);
    for (const EntityId id : ids) {
        const double fx = world.get(id, "x").as_number(), fy = world.get(id, "y").as_number();
        if (r >= 0 && (x - fx) * (x - fx) + (y - fy) * (y - fy) <= r * r) found.push_back(id);
    }
    return found;
}

std::vector<EntityId> where(const World& world, TemplateIndex index, const char* field,
                            const Value& value) {
    std::vector<EntityId> ids;
    const Held held(value);
    world.where(index, world.schema().field(index, field), held.scalar(), ids);
    return ids;
}

bool equal_by_force(const Value& found, const Value& asked) {
    const auto is_numeric = [](const Value& value) {
        return value.type() == Value::Type::integer || value.type() == Value::Type::number;
    };
    if (!is_numeric(found) || !is_numeric(asked)) return found == asked;
    // Holds every integer and every float exactly.
    const auto exact = [](const Value& value) -> long double {
        if (value.type() == Value::Type::integer) return value.as_integer();
        return value.as_number();
    };
    return exact(found) == exact(asked);
}

std::vector<EntityId> where_by_force(const World& world, TemplateIndex index, const char* field,
                                     const Value& value) {
    std::vector<EntityId> ids, found;
    world.each(index, ids);
    for (const EntityId id : ids)
        if (equal_by_force(world.get(id, field), value)) found.push_back(id);
    return found;
}

double random_coordinate(RandomStream& random) {
    static const double kHostile[] = {
        0.0,       -0.0,       5e-324,         -5e-324,
        1e-170,    -1e-170,    1e-150,         9.999999999999998,
        10.0,      -10.0,      1e15,           -1e15,
        0x1p52,    0x1p55,     1e18,           1e155,
        -1e155,    1e300,      -1e300,         std::numeric_limits<double>::max(),
        kInfinity, -kInfinity, canonical_nan()};
    switch (random.next_integer(0, 5)) {
        case 0:
            return kHostile[random.next_integer(0, std::ssize(kHostile) - 1)];
        case 1:
            return static_cast<double>(random.next_integer(-12, 12)) * 10;  // on the edges of cells
        case 2:
            return std::ldexp(random.next_float() - 0.5,
                              static_cast<int>(random.next_integer(-40, 80)));
        default:
            return (random.next_float() - 0.5) * 200;
    }
}

double random_radius(RandomStream& random) {
    static const double kHostile[] = {
        0.0,   -0.0,       -1.0,      1e-200,          1e-160, 1e150,
        1e200, -kInfinity, kInfinity, canonical_nan(), 5e-324, std::numeric_limits<double>::max()};
    if (random.next_integer(0, 3) == 0)
        return kHostile[random.next_integer(0, std::ssize(kHostile) - 1)];
    if (random.next_integer(0, 3) == 0) return static_cast<double>(random.next_integer(0, 12)) * 10;
    return std::abs(random_coordinate(random)) * random.next_float();
}

struct Fixture {
    std::shared_ptr<const Schema> schema = full_schema();
    World world{schema};
    TemplateIndex soldier = schema->find("soldier");
    TemplateIndex crate = schema->find("crate");

    EntityId at(double x, double y) { return world.spawn("soldier", {{"x", x}, {"y", y}}); }
};

BOOST_FIXTURE_TEST_SUITE(world_queries, Fixture)

BOOST_AUTO_TEST_CASE(the_rim_of_a_circle_is_near_and_what_lies_behind_is_not) {
    const EntityId on_rim = at(3, 4);
    at(3, std::nextafter(4, 5));
    const EntityId inside = at(-1, -1);
    const EntityId centre = at(0, 0);
    for (const bool is_frozen : {false, true}) {
        if (is_frozen) world.freeze();
        BOOST_TEST(
            (near(world, soldier, 0, 0, 5) == std::vector<EntityId>{on_rim, inside, centre}));
        BOOST_TEST((near(world, soldier, 0, 0, 0) == std::vector<EntityId>{centre}));
        BOOST_TEST(near(world, soldier, 0, 0, -1).empty());
        BOOST_TEST(near(world, soldier, 0, 0, -kInfinity).empty());
        BOOST_TEST(near(world, soldier, 0, 0, canonical_nan()).empty());
        BOOST_TEST(near(world, soldier, canonical_nan(), 0, kInfinity).empty());
        BOOST_TEST(near(world, soldier, 0, 0, kInfinity).size() == 4);
    }
}

BOOST_AUTO_TEST_CASE(near_needs_two_coordinates) {
    std::vector<EntityId> ids;
    BOOST_TEST(!world.near(schema->find("mark"), 0, 0, 1, ids));
    BOOST_TEST(!world.near(schema->find("match"), 0, 0, 1, ids));
    auto texts = std::make_shared<Schema>();
    texts->add({"t", false, {{"x", FieldType::string}, {"y", FieldType::number}}});
    texts->add({"u",
                false,
                {{"x", FieldType::number}, {"y", FieldType::number}, {"z", FieldType::number}},
                GridSpec{"x", "z", 2}});
    World other(texts);
    BOOST_TEST(!other.near(0, 0, 0, 1, ids));
    const EntityId id = other.spawn("u", {{"y", 1000}, {"z", 1}});
    BOOST_TEST((near(other, 1, 0, 1, 0.5) == std::vector<EntityId>{id}),
               "the grid's fields, not y");
}

BOOST_AUTO_TEST_CASE(fields_named_x_and_y_are_measured_without_a_grid_integers_too) {
    const EntityId near_by = world.spawn("crate", {{"x", 3}, {"y", 4.0}});
    world.spawn("crate", {{"x", INT64_MAX}, {"y", 4.0}});
    for (const bool is_frozen : {false, true}) {
        if (is_frozen) world.freeze();
        BOOST_TEST((near(world, crate, 0, 0, 5) == std::vector<EntityId>{near_by}));
    }
}

// Goal: index and scan find the same. Method: brute force by the header's formula, over cells of
// every size, random and hostile coordinates and radii, few entities and many, in a frozen world, a
// thawed one, one that changed since, and a snapshot.
BOOST_AUTO_TEST_CASE(near_finds_what_the_formula_says_frozen_or_not) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        RandomStream random(seed, 4);
        static const double kCells[] = {10.0, 10.0, 1.0, 0.3, 5e-324, 1e300};
        World world(full_schema(kCells[seed % 6]));
        const std::int64_t count = random.next_integer(0, seed % 2 == 0 ? 12 : 700);
        const bool is_spread = random.next_integer(0, 1) == 0;
        const auto coordinate = [&] {
            return is_spread ? random_coordinate(random) : (random.next_float() - 0.5) * 300;
        };
        for (std::int64_t i = 0; i < count; ++i)
            world.spawn({1'000'000 - 3 * i + i % 5 * 1000}, soldier, {});
        std::vector<EntityId> ids;
        world.each(soldier, ids);
        const auto move = [&](EntityId id) {
            world.set(id, "x", coordinate());
            world.set(id, "y", coordinate());
        };
        for (const EntityId id : ids) move(id);
        const auto check = [&](const World& checked) {
            for (int query = 0; query < 25; ++query) {
                double x = random_coordinate(random), y = random_coordinate(random);
                if (!ids.empty() && query % 2 == 0) {
                    const EntityId id =
                        ids[static_cast<std::size_t>(random.next_integer(0, std::ssize(ids) - 1))];
                    if (checked.alive(id)) {
                        x = checked.get(id, "x").as_number();
                        y = checked.get(id, "y").as_number();
                    }
                }
                const double r = random_radius(random);
                BOOST_TEST_REQUIRE(
                    (near(checked, soldier, x, y, r) == near_by_force(checked, soldier, x, y, r)),
                    "seed " << seed << ", near " << x << " " << y << " " << r);
            }
        };
        check(world);
        world.freeze();
        check(world);
        world.thaw();
        check(world);
        for (std::size_t i = 0; i < ids.size(); i += 7) move(ids[i]);
        check(world);
        check(world.capture()->world());
        world.freeze();
        check(world);
        world.thaw();
        for (std::size_t i = 0; i < ids.size(); i += 3) world.destroy(ids[i]);
        check(world);
        world.freeze();
        check(world);
        check(world.capture()->world());
    }
}

// Squares of less than about 1e-162 are zero, so the formula finds what no cell of the circle
// holds.
BOOST_AUTO_TEST_CASE(distances_whose_squares_vanish_are_found_across_the_edge_of_a_cell) {
    std::vector<EntityId> expected;
    for (const double x : {-1e-170, 1e-170, -5e-324, 0.0}) expected.push_back(at(x, x));
    for (int i = 0; i < 400; ++i) at(20 * (i % 20) - 200.5, 20 * (i / 20) - 200.5);
    world.freeze();
    for (const double r : {0.0, 1e-200}) BOOST_TEST((near(world, soldier, 0, 0, r) == expected));
}

// Goal: cells that share a bucket are told apart, in clusters far from each other too. Method: a
// line of clusters longer than the table of buckets is wide.
BOOST_AUTO_TEST_CASE(clusters_far_apart_do_not_answer_for_each_other) {
    for (int cluster = 0; cluster < 50; ++cluster)
        for (int i = 0; i < 4; ++i) at(cluster * 1e5 + i, -3e7 * (cluster % 3) + i);
    world.freeze();
    for (int cluster = 0; cluster < 50; ++cluster) {
        const auto found = near(world, soldier, cluster * 1e5, -3e7 * (cluster % 3), 20);
        BOOST_TEST(found.size() == 4);
        BOOST_TEST(
            (found == near_by_force(world, soldier, cluster * 1e5, -3e7 * (cluster % 3), 20)));
    }
}

// Goal: a key's index and a scan find the same. Method: brute force over random contents and
// questions of every type, in a frozen world, a thawed one, and one that changed since.
BOOST_AUTO_TEST_CASE(where_finds_what_equals_frozen_or_not) {
    const char* fields[] = {"hp", "x", "ready", "name", "target", "y", "memory"};
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        RandomStream random(seed, 5);
        World world(schema);
        test::Model model(*schema);
        const auto content = [&]() -> Value {
            static const Value kContents[] = {{},
                                              true,
                                              false,
                                              0,
                                              1,
                                              2,
                                              3,
                                              4,
                                              5,
                                              8,
                                              10,
                                              -1,
                                              0.0,
                                              -0.0,
                                              1.0,
                                              2.0,
                                              0.5,
                                              "",
                                              "a",
                                              "b",
                                              "no one",
                                              100,
                                              canonical_nan(),
                                              0x1p53,
                                              (std::int64_t{1} << 53) + 1,
                                              INT64_MIN,
                                              -0x1p63,
                                              List{1},
                                              Map{{"seen", List{1, 2}}},
                                              std::string(50, 'l')};
            return kContents[random.next_integer(0, std::ssize(kContents) - 1)];
        };
        const auto change = [&](int count) {
            for (int i = 0; i < count; ++i) {
                const std::int64_t id = random.next_integer(3, 200);
                if (random.next_integer(0, 3) == 0) {
                    world.spawn({id}, soldier, {});
                } else if (random.next_integer(0, 9) == 0) {
                    world.destroy({id});
                } else {
                    const Held held(content());
                    world.set({id}, schema->name_id(fields[random.next_integer(0, 6)]),
                              held.scalar());
                }
            }
        };
        const auto check = [&](const World& checked) {
            for (int query = 0; query < 60; ++query) {
                const char* field = fields[random.next_integer(0, 6)];
                const Value value = random.next_integer(0, 4) == 0
                                        ? Value(random.next_integer(-1, 200))
                                        : content();
                if (value == Value(canonical_nan())) continue;  // a case of its own
                BOOST_TEST_REQUIRE((where(checked, soldier, field, value) ==
                                    where_by_force(checked, soldier, field, value)),
                                   "seed " << seed << ", " << field);
            }
        };
        change(1500);
        check(world);
        world.freeze();
        check(world);
        check(world.capture()->world());
        world.thaw();
        check(world);
        change(20);
        check(world);
        world.freeze();
        check(world);
    }
}

BOOST_AUTO_TEST_CASE(a_nan_or_an_array_equals_nothing) {
    world.spawn("soldier", {{"x", canonical_nan()}, {"memory", canonical_nan()}});
    for (const bool is_frozen : {false, true}) {
        if (is_frozen) world.freeze();
        for (const char* field : {"x", "memory", "hp", "path"})
            BOOST_TEST(where(world, soldier, field, canonical_nan()).empty(), field);
        for (const Value& value : {Value(7), Value(List{7, 7, 7}), Value()})
            BOOST_TEST(where(world, soldier, "path", value).empty());
        Scalar array;
        array.kind = Scalar::Kind::array;
        std::vector<EntityId> ids;
        world.where(soldier, schema->field(soldier, "path"), array, ids);
        world.where(soldier, schema->field(soldier, "memory"), array, ids);
        BOOST_TEST(ids.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_field_that_names_a_dead_entity_is_found_as_nil) {
    const EntityId target = world.spawn("crate");
    const EntityId hunter = world.spawn("soldier", {{"target", target.value}});
    const EntityId idler = world.spawn("soldier");
    const auto check = [&](const std::vector<EntityId>& hunting,
                           const std::vector<EntityId>& idle) {
        BOOST_TEST((where(world, soldier, "target", target.value) == hunting));
        BOOST_TEST((where(world, soldier, "target", {}) == idle));
        BOOST_TEST(where(world, soldier, "target", 0).empty());
    };
    check({hunter}, {idler});
    world.freeze();
    check({hunter}, {idler});
    world.thaw();
    world.begin_savepoint();
    world.destroy(target);
    check({}, {hunter, idler});
    world.undo_savepoint();
    check({hunter}, {idler});
    world.destroy(target);
    world.freeze();
    check({}, {hunter, idler});
}

// Goal: a frozen world shows nothing of the few rows that deaths leave behind. Method: too few
// deaths for the rows to be dropped, then everything that walks rows, against a world in which they
// never lived.
BOOST_AUTO_TEST_CASE(a_few_deaths_leave_nothing_to_be_found) {
    World never(schema);
    for (int i = 0; i < 1000; ++i) {
        const EntityId id = at(i % 30, i / 30);
        world.set(id, "hp", i % 3);
        if (i % 97 == 0) continue;
        const World::Assignment fields[] = {{0, Scalar::of(double(i % 30))},
                                            {1, Scalar::of(double(i / 30))},
                                            {2, Scalar::of(i % 3)}};
        never.spawn(id, soldier, fields);
    }
    world.freeze();
    world.thaw();
    for (int i = 0; i < 1000; i += 97) world.destroy({3 + i});
    never.set_next_id(world.next_id());
    world.freeze();
    never.freeze();
    for (int i = 0; i < 30; ++i)
        BOOST_TEST((near(world, soldier, i, i, 4) == near(never, soldier, i, i, 4)));
    for (int i = 0; i < 3; ++i)
        BOOST_TEST((where(world, soldier, "hp", i) == where(never, soldier, "hp", i)));
    for (EntityId id, expected = never.next(soldier, {}); expected.value != 0;
         expected = never.next(soldier, expected)) {
        id = world.next(soldier, id);
        BOOST_TEST_REQUIRE((id == expected));
    }
    BOOST_TEST(world.count(soldier) == never.count(soldier));
    BOOST_TEST(world.state_hash() == never.state_hash());
    BOOST_TEST((test::saved_text(world) == test::saved_text(never)));
}

// Goal: an index never outlives what it is of. Method: after a freeze, each kind of change, then
// the query without a freeze.
BOOST_AUTO_TEST_CASE(a_change_after_the_freeze_is_seen_at_once) {
    const EntityId a = at(0, 0), b = at(100, 100);
    const auto refreeze = [&] {
        world.freeze();
        world.thaw();
    };
    refreeze();
    world.begin_savepoint();
    world.set(b, "x", 0.0);
    world.set(b, "y", 0.0);
    world.set(b, "hp", 1);
    BOOST_TEST((near(world, soldier, 0, 0, 1) == std::vector<EntityId>{a, b}));
    BOOST_TEST((where(world, soldier, "hp", 1) == std::vector<EntityId>{b}));
    world.release_savepoint();
    refreeze();
    world.begin_savepoint();
    world.set(b, "x", 50.0);
    world.set(b, "hp", 2);
    world.undo_savepoint();
    BOOST_TEST((near(world, soldier, 0, 0, 1) == std::vector<EntityId>{a, b}));
    BOOST_TEST((where(world, soldier, "hp", 1) == std::vector<EntityId>{b}));
    refreeze();
    world.destroy(a);
    BOOST_TEST((near(world, soldier, 0, 0, 1) == std::vector<EntityId>{b}));
    refreeze();
    const EntityId c = at(0, 0);
    BOOST_TEST((near(world, soldier, 0, 0, 1) == std::vector<EntityId>{b, c}));
    BOOST_TEST((where(world, soldier, "hp", 100) == std::vector<EntityId>{c}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
