#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

// A world with so many entities that a few changes between two freezes do not make it sort its
// indexes anew, and what happens in it.
struct Fixture {
    static constexpr std::int64_t kCount = 3000;
    static constexpr std::int64_t kCrates = 50;
    static constexpr std::int64_t kFirst = 1000;  // below are the crates
    static constexpr double kWidth = 400;         // of cells of 10

    std::shared_ptr<const Schema> schema = test::full_schema();
    TemplateIndex soldier = schema->find("soldier");
    TemplateIndex crate = schema->find("crate");
    World world{schema};
    RandomStream random{1, 6};
    std::int64_t next_id = kFirst;

    Fixture() {
        for (std::int64_t i = 0; i < kCrates; ++i) world.spawn("crate");
        for (std::int64_t i = 0; i < kCount; ++i) spawn();
        world.freeze();
        world.thaw();
    }
    Value coordinate() {
        static const double kHostile[] = {
            -1e300, 1e15, std::numeric_limits<double>::infinity(), canonical_nan(), -0.0, -5e-324};
        if (random.next_integer(0, 9) == 0) return kHostile[random.next_integer(0, 5)];
        if (random.next_integer(0, 9) == 0) return 10.0 * double(random.next_integer(-2, 40));
        return random.next_float() * kWidth;
    }
    // Of crates, soldiers, dead ones and ones to come.
    std::int64_t any_id() {
        return random.next_integer(0, 3) == 0 ? random.next_integer(1, kCrates + 10)
                                              : random.next_integer(kFirst, next_id + 5);
    }
    Value content(const std::string& field) {
        static const char* kNames[] = {"", "a", "b", "no one"};
        if (field == "x" || field == "y") return coordinate();
        if (field == "hp") return random.next_integer(0, 2);
        if (field == "ready") return random.next_integer(0, 1) == 0;
        if (field == "name") return kNames[random.next_integer(0, 3)];
        return random.next_integer(0, 3) == 0 ? Value() : Value(any_id());
    }
    void spawn() {
        // Some ids are left for later.
        next_id += random.next_integer(1, 2);
        spawn({next_id});
    }
    void spawn(EntityId id) {
        if (world.spawn(id, soldier, {}) != WriteResult::done) return;
        for (const char* field : {"x", "y", "hp", "ready", "name", "target"})
            if (random.next_integer(0, 3) != 0) world.set(id, field, content(field));
    }
    void change_one() {
        const EntityId id{any_id()};
        switch (random.next_integer(0, 11)) {
            case 0:
                return spawn();
            case 1:
                return spawn(id);
            case 2:
                return void(world.destroy(id));
            case 3: {
                world.begin_savepoint();
                for (std::int64_t i = random.next_integer(0, 4); i > 0; --i) change_one();
                return world.undo_savepoint();
            }
            default:
                if (id.value < kFirst || !world.alive(id)) return;
                for (const char* field : {"x", "y", "hp", "ready", "name", "target"})
                    if (random.next_integer(0, 2) == 0) world.set(id, field, content(field));
        }
    }
    void change(std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) change_one();
    }
    std::vector<EntityId> where(const World& asked, const char* field, const Value& value) {
        std::vector<EntityId> ids;
        const test::Held held(value);
        asked.where(soldier, schema->field(soldier, field), held.scalar(), ids);
        return ids;
    }
    // A snapshot has no indexes.
    void check(const std::string& when) {
        world.freeze();
        const auto snapshot = world.capture();
        const World& scanned = snapshot->world();
        for (int query = 0; query < 40; ++query) {
            const double x = random.next_float() * kWidth, y = random.next_float() * kWidth;
            const double r = query < 20 ? 5 + query : 3.0 * query;
            std::vector<EntityId> found, expected;
            world.near(soldier, x, y, r, found);
            scanned.near(soldier, x, y, r, expected);
            BOOST_TEST_REQUIRE((found == expected), when << ", near " << x << " " << y << " " << r);
        }
        for (const char* field : {"hp", "ready", "name", "target", "x"}) {
            for (int query = 0; query < 8; ++query) {
                const Value value = content(field);
                if (value == Value(canonical_nan())) continue;  // a case of its own
                BOOST_TEST_REQUIRE((where(world, field, value) == where(scanned, field, value)),
                                   when << ", " << field);
            }
        }
        BOOST_TEST_REQUIRE((where(world, "target", {}) == where(scanned, "target", {})), when);
        world.thaw();
    }
};

BOOST_FIXTURE_TEST_SUITE(world_indexes, Fixture)

// Goal: an index that was brought up to date answers as one that was just built, and as no index
// at all. Method: random histories in which between two freezes nothing, little, much or everything
// changes, with spawns and deaths, undone savepoints and restores.
BOOST_AUTO_TEST_CASE(indexes_brought_up_to_date_find_what_a_scan_finds) {
    auto snapshot = world.capture();
    for (int round = 0; round < 200; ++round) {
        static const std::int64_t kCounts[] = {0, 1, 1, 2, 5, 10, 20, 40, 60, 200};
        change(kCounts[random.next_integer(0, 9)]);
        if (round % 50 == 25) change(6000);
        if (round % 40 == 39) world.restore(*snapshot);
        if (round % 40 == 20) snapshot = world.capture();
        check("round " + std::to_string(round));
    }
}

// Goal: where there is no room left, nothing is lost. Method: a few at a time, all come to one
// place, and all get one content; then they go back.
BOOST_AUTO_TEST_CASE(all_come_to_one_bucket_bit_by_bit_and_leave_again) {
    for (const bool is_coming : {true, false}) {
        std::vector<EntityId> ids;
        world.each(soldier, ids);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const EntityId id = ids[(i * 7) % ids.size()];
            world.set(id, "x", is_coming ? Value(105.0 + double(i % 3)) : coordinate());
            world.set(id, "y", is_coming ? Value(205.0) : coordinate());
            world.set(id, "hp", is_coming ? Value(1) : content("hp"));
            world.set(id, "target", is_coming ? Value(3) : content("target"));
            if (i % 60 == 59) check("entity " + std::to_string(i));
        }
        check("all");
    }
}

// Goal: deaths and spawns are seen in the fields that name the entity, though nobody writes to
// them. Method: one at a time.
BOOST_AUTO_TEST_CASE(a_field_reads_as_nil_while_whom_it_names_is_not_alive) {
    const EntityId unborn{next_id + 1000}, one = world.next(soldier, {}),
                                           other = world.next(soldier, one);
    const auto refreeze = [this] {
        world.freeze();
        world.thaw();
    };
    const auto is_nil = [&](EntityId id) {
        world.freeze();
        const auto nils = where(world, "target", {});
        world.thaw();
        return std::binary_search(nils.begin(), nils.end(), id);
    };
    world.set(one, "target", unborn.value);
    world.set(other, "target", 3);
    refreeze();
    BOOST_TEST(is_nil(one));
    BOOST_TEST(where(world, "target", unborn.value).empty());
    BOOST_TEST(!is_nil(other));
    world.spawn(unborn, crate, {});
    refreeze();
    BOOST_TEST(!is_nil(one));
    BOOST_TEST((where(world, "target", unborn.value) == std::vector<EntityId>{one}));
    world.destroy(unborn);
    world.destroy({3});
    refreeze();
    BOOST_TEST(is_nil(one));
    BOOST_TEST(is_nil(other));
    BOOST_TEST(where(world, "target", unborn.value).empty());
    check("both dead");
    // Written to and bereaved between two freezes.
    world.set(one, "target", 4);
    world.set(other, "target", 5);
    world.destroy({4});
    BOOST_TEST(is_nil(one));
    BOOST_TEST(!is_nil(other));
    world.destroy(other);
    BOOST_TEST(!is_nil(other));
    check("at last");
    // More lives than are kept in mind.
    const EntityId last{unborn.value + 500};
    world.set(one, "target", last.value);
    BOOST_TEST(is_nil(one));
    for (EntityId id = unborn; id < last;) world.spawn({++id.value}, crate, {});
    BOOST_TEST(!is_nil(one));
    check("many born");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
