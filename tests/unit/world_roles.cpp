// Fields and parts of host states that are derived from others, or local to the process.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "canon/detail/world_blocks.hpp"
#include "canon/effects.hpp"
#include "canon/host_state.hpp"
#include "canon/snapshot.hpp"
#include "canon/state_diff.hpp"
#include "canon/world.hpp"

namespace canon {
namespace {

std::shared_ptr<const Schema> roles_schema() {
    auto schema = std::make_shared<Schema>();
    schema->add(
        {.name = "lamp",
         .fields = {{.name = "cell", .type = FieldType::integer, .role = FieldRole::derived},
                    {.name = "handle", .type = FieldType::integer, .role = FieldRole::local},
                    {.name = "label", .type = FieldType::string, .role = FieldRole::local},
                    {.name = "power", .type = FieldType::integer, .initial = 5}}});
    return schema;
}

struct Fixture {
    std::shared_ptr<const Schema> schema = roles_schema();
    World world{schema};
    EntityId lamp = world.spawn("lamp", {{"handle", 7}, {"label", "a"}});

    std::string saved() const {
        Bytes bytes;
        world.save(bytes);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

// Parts of a host state of each role.
struct Shop {
    std::vector<std::int64_t> prices = {1, 2};
    std::int64_t sum = 3;
    std::int64_t window = 0;
    int rebuilds = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(prices), derived(CEREAL_NVP(sum)), local(CEREAL_NVP(window)));
    }
    void rebuild() {
        sum = std::accumulate(prices.begin(), prices.end(), std::int64_t{0});
        ++rebuilds;
    }
};

BOOST_FIXTURE_TEST_SUITE(world_roles, Fixture)

BOOST_AUTO_TEST_CASE(a_local_field_is_neither_hashed_dumped_saved_nor_an_effect) {
    const std::uint64_t hash = world.state_hash();
    const std::string dump = world.dump(), bytes = saved();
    world.record_effects(true);
    world.set(lamp, "handle", 8);
    world.set(lamp, "label", "b");
    BOOST_TEST(world.get(lamp, "handle").as_integer() == 8);
    BOOST_TEST(world.state_hash() == hash);
    BOOST_TEST(world.dump() == dump);
    BOOST_TEST((saved() == bytes));
    BOOST_TEST(dump.find("handle") == std::string::npos);
    BOOST_TEST(world.effects().empty());
    world.spawn("lamp", {{"handle", 1}, {"power", 2}});
    EffectReader effects(world.effects());
    Effect effect;
    BOOST_TEST(effects.next(effect));
    BOOST_TEST(effect.fields.size() == 1u);
    BOOST_TEST(!effects.next(effect));
    BOOST_TEST(!effects.reader().failed());
}

BOOST_AUTO_TEST_CASE(a_load_leaves_a_local_field_as_it_is_at_first_and_a_restore_as_it_was) {
    const auto snapshot = world.capture();
    const std::string bytes = saved();
    world.set(lamp, "handle", 8);
    world.restore(*snapshot);
    BOOST_TEST(world.get(lamp, "handle").as_integer() == 7);
    ByteReader in({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    world.load(in);
    BOOST_TEST(world.get(lamp, "handle").as_integer() == 0);
    BOOST_TEST(world.get(lamp, "label").as_string() == "");
    BOOST_TEST(world.state_hash() == snapshot->world().state_hash());
}

BOOST_AUTO_TEST_CASE(an_undone_savepoint_undoes_local_fields_too) {
    world.begin_savepoint();
    world.set(lamp, "handle", 8);
    world.set(lamp, "label", "other");
    world.undo_savepoint();
    BOOST_TEST(world.get(lamp, "handle").as_integer() == 7);
    BOOST_TEST(world.get(lamp, "label").as_string() == "a");
}

BOOST_AUTO_TEST_CASE(what_scripts_name_fields_by_does_not_know_local_ones) {
    BOOST_TEST(schema->field(0, "handle") == kNone);
    BOOST_TEST(schema->any_field(0, "handle") == 1u);
    BOOST_TEST(
        (world.set(lamp, schema->name_id("handle"), Scalar::of(1)) == WriteResult::no_field));
    BOOST_TEST(schema->suggest_field(0, "handl") == "");
    BOOST_TEST(schema->suggest_field(0, "powe") == "; did you mean 'power'?");
}

BOOST_AUTO_TEST_CASE(a_derived_field_is_part_of_the_state_and_told_last) {
    World other(schema);
    other.restore(*world.capture());
    const std::uint64_t hash = world.state_hash();
    other.set(lamp, "cell", 2);
    BOOST_TEST(other.state_hash() != hash);
    BOOST_TEST(other.dump().find("lamp 1 .cell: 2") != std::string::npos);
    other.set(lamp, "power", 6);
    other.set(lamp, "handle", 100);
    const StateComparison found = compare_states(world, other);
    BOOST_TEST_REQUIRE(found.differences.size() == 2u);
    BOOST_TEST(describe(found.differences[0]) == "lamp 1 .power: 5 / 6");
    BOOST_TEST(describe(found.differences[1]) == "lamp 1 .cell: 0 / 2");
}

BOOST_AUTO_TEST_CASE(roles_are_part_of_what_makes_schemas_equal) {
    auto plain = std::make_shared<Schema>();
    TemplateSpec spec = (*schema)[0];
    spec.fields[0].role = FieldRole::basic;
    plain->add(spec);
    BOOST_TEST(plain->digest() != schema->digest());
    spec.fields[0].role = static_cast<FieldRole>(9);
    spec.name = "other";
    BOOST_CHECK_THROW(plain->add(spec), Error);
    BOOST_CHECK_THROW(
        plain->add({.name = "keyed",
                    .fields = {{.name = "n", .type = FieldType::integer, .role = FieldRole::local}},
                    .keys = {"n"}}),
        Error);
}

BOOST_AUTO_TEST_CASE(parts_of_a_host_state_have_roles_too) {
    Shop shop;
    const auto state = make_host_state(shop);
    const auto hash = [&] {
        Hasher hasher;
        state->hash(hasher);
        return hasher.digest();
    };
    const auto bytes = [&] {
        Bytes out;
        state->save(out);
        return out;
    };
    const std::uint64_t before = hash();
    const std::size_t size = bytes().size();
    shop.window = 9;
    BOOST_TEST(hash() == before);
    shop.sum = 4;
    BOOST_TEST(hash() != before);
    BOOST_TEST(bytes().size() == size);
    std::string dump;
    state->dump(dump, "");
    BOOST_TEST(dump.find("sum: 4") != std::string::npos);
    BOOST_TEST(dump.find("window") == std::string::npos);

    const Bytes saved = bytes();
    shop.prices = {5};
    ByteReader in(saved.view());
    state->load(in);
    BOOST_TEST(in.left() == 0u);
    BOOST_TEST(shop.sum == 3);
    BOOST_TEST(shop.window == 9);
    BOOST_TEST(shop.rebuilds == 1);
    BOOST_TEST(hash() == before);
}

// Goal: a hint is never believed of another world or another freeze. Method: one hint for worlds
// whose entities of the same id differ, frozen, thawed and changed, and for their snapshots.
BOOST_AUTO_TEST_CASE(a_hint_goes_from_world_to_world) {
    World other(schema);
    for (int i = 0; i < 700; ++i) world.spawn("lamp", {{"power", 1000 + i}});
    for (int i = 0; i < 700; ++i) other.spawn("lamp", {{"power", 5000 + i}});
    World::Hint hint;
    const auto check = [&](const World& in) {
        // It begins where the check before has ended.
        for (std::int64_t step = 0; step <= 1404; ++step) {
            const std::int64_t id = std::abs(702 - step);
            Location plain, hinted;
            const bool found = in.find({id}, plain);
            BOOST_TEST_REQUIRE(in.find({id}, hinted, hint) == found);
            if (found) BOOST_TEST_REQUIRE(in.read(plain, 3).integer == in.read(hinted, 3).integer);
        }
    };
    for (int round = 0; round < 3; ++round) {
        check(world);
        world.freeze();
        other.freeze();
        check(world);
        check(other);
        const auto snapshot = world.capture();
        check(snapshot->world());
        world.thaw();
        other.thaw();
        world.destroy({600 + round});
        world.set({5}, "power", round);
        check(world);
        check(snapshot->world());
    }
}

// Goal: what has died or is not told any more takes no room. Method: many generations of entities
// and texts, with snapshots that come and go; the process holds no more after the last than after
// the first few.
BOOST_AUTO_TEST_CASE(a_world_in_which_all_changes_does_not_grow) {
    std::size_t early = 0;
    for (int generation = 0; generation < 60; ++generation) {
        std::vector<EntityId> ids;
        for (int i = 0; i < 3000; ++i)
            ids.push_back(
                world.spawn("lamp", {{"label", "text " + std::to_string(generation * 10'000 + i) +
                                                   std::string(100, 'x')}}));
        const auto snapshot = world.capture();
        world.freeze();
        world.thaw();
        for (const EntityId id : ids) world.destroy(id);
        world.freeze();
        world.thaw();
        if (generation == 10) early = detail::BlockCache::process_bytes();
    }
    BOOST_TEST(detail::BlockCache::process_bytes() <= early + early / 4);
    BOOST_TEST(world.count(0) == 1u);
    BOOST_TEST(world.get(lamp, "label").as_string() == "a");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
