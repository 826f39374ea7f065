#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>
#include <vector>

#include "canon/world.hpp"
#include "world_host_part.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::Clock;
using test::ClockState;
using test::full_schema;

struct Fixture {
    std::shared_ptr<const Schema> schema = full_schema();
    Clock first, second;
    std::unique_ptr<World> world = filled(first, second);

    std::unique_ptr<World> filled(Clock& a, Clock& b) const {
        auto filled = std::make_unique<World>(schema);
        filled->add_host_state("first", std::make_unique<ClockState>(a));
        filled->add_host_state("second", std::make_unique<ClockState>(b));
        for (int i = 0; i < 4; ++i) {
            filled->spawn("soldier", {{"x", i + 0.5}, {"hp", i}, {"memory", List{i}}});
            filled->spawn("crate");
            filled->spawn("mark");
        }
        return filled;
    }
};

BOOST_FIXTURE_TEST_SUITE(world_hash, Fixture)

// Goal: nothing of the state is left out of the hash, and no two changes look alike. Method: one
// change after another to a fresh world each; all hashes differ, frozen or not.
BOOST_AUTO_TEST_CASE(each_single_change_of_the_state_changes_the_hash) {
    std::vector<std::function<void(World&)>> changes = {
        [](World&) {},
        [](World& w) { w.set_next_id({1000}); },
        [](World& w) { w.spawn("mark"); },
        [](World& w) { w.spawn("crate"); },
        [](World& w) { w.spawn({1000}, w.schema().find("mark"), {}); },
        [](World& w) { w.set({1}, "wave", 2); },
        [](World& w) { w.set({1}, "leader", 3); },
        [](World& w) { w.set({1}, "leader", 4000); },
        [](World& w) { w.set({2}, "wind", 1.25); },
        [](World& w) { w.set({2}, "wind", canonical_nan()); },
        [](World& w) { w.set({2}, "wind", 0.0); },
        [](World& w) { w.set({2}, "wind", -0.0); },
    };
    std::vector<EntityId> soldiers, others;
    world->each(schema->find("soldier"), soldiers);
    world->each(schema->find("crate"), others);
    world->each(schema->find("mark"), others);
    for (const EntityId id : others) changes.push_back([id](World& w) { w.destroy(id); });
    const std::pair<const char*, Value> writes[] = {{"x", 77.5},
                                                    {"y", 77.5},
                                                    {"hp", 77},
                                                    {"ready", false},
                                                    {"name", "x"},
                                                    {"name", ""},
                                                    {"name", std::string("no\0one", 6)},
                                                    {"target", 3},
                                                    {"memory", {}},
                                                    {"memory", 77},
                                                    {"memory", 77.0},
                                                    {"memory", List{77}},
                                                    {"memory", "77"}};
    for (const EntityId id : soldiers) {
        changes.push_back([id](World& w) { w.destroy(id); });
        for (const auto& [field, value] : writes)
            changes.push_back(
                [=, field = field, value = value](World& w) { w.set(id, field, value); });
        const std::tuple<const char*, int, Value> cells[] = {
            {"path", 3, 8}, {"seats", 2, 9}, {"flags", 5, false}, {"slopes", 2, 0.5}};
        for (const auto& [field, count, value] : cells)
            for (int i = 1; i <= count; ++i)
                changes.push_back([=, field = field, value = value](World& w) {
                    const std::vector<Key> path = {i};
                    BOOST_TEST(
                        (w.put(id, w.schema().name_id(field), path, value) == WriteResult::done));
                });
    }
    std::set<std::uint64_t> hashes;
    for (const bool is_frozen : {false, true}) {
        std::set<std::uint64_t> found;
        for (const auto& change : changes) {
            Clock a, b;
            const auto changed = filled(a, b);
            change(*changed);
            if (is_frozen) changed->freeze();
            found.insert(changed->state_hash());
        }
        BOOST_TEST(found.size() == changes.size());
        hashes.insert(found.begin(), found.end());
    }
    BOOST_TEST(hashes.size() == changes.size(), "frozen and not, the hashes are the same");
}

BOOST_AUTO_TEST_CASE(each_host_state_is_part_of_the_hash_under_its_own_name) {
    const std::uint64_t before = world->state_hash();
    first.hours = 5;
    const std::uint64_t with_first = world->state_hash();
    first.hours = 0;
    second.hours = 5;
    const std::uint64_t with_second = world->state_hash();
    second.hours = 0;
    BOOST_TEST(with_first != before);
    BOOST_TEST(with_second != before);
    BOOST_TEST(with_first != with_second);
    BOOST_TEST(world->state_hash() == before);

    Clock a, b;
    World renamed(schema), bare(schema);
    renamed.add_host_state("clock", std::make_unique<ClockState>(a));
    World named(schema);
    named.add_host_state("watch", std::make_unique<ClockState>(b));
    BOOST_TEST(renamed.state_hash() != named.state_hash());
    BOOST_TEST(renamed.state_hash() != bare.state_hash());
}

BOOST_AUTO_TEST_CASE(worlds_of_other_templates_have_other_hashes) {
    const auto hash = [](const char* name, bool has_key) {
        auto schema = std::make_shared<Schema>();
        schema->add({name,
                     false,
                     {{"a", FieldType::integer}},
                     {},
                     has_key ? std::vector<std::string>{"a"} : std::vector<std::string>{}});
        return World(schema).state_hash();
    };
    BOOST_TEST(hash("s", false) != hash("t", false));
    BOOST_TEST(hash("s", false) != hash("s", true));
    BOOST_TEST(hash("s", true) == hash("s", true));
}

BOOST_AUTO_TEST_CASE(contents_do_not_slip_from_one_text_or_field_to_the_next) {
    std::set<std::uint64_t> hashes;
    const std::pair<const char*, const char*> texts[] = {
        {"ab", "c"}, {"a", "bc"}, {"", "abc"}, {"abc", ""}};
    for (const auto& [one, other] : texts) {
        World w(schema);
        w.spawn("soldier", {{"name", one}});
        w.spawn("soldier", {{"name", other}});
        hashes.insert(w.state_hash());
    }
    // The same cells, but of another field or entity.
    for (const char* field : {"x", "y"})
        for (int which = 0; which < 2; ++which) {
            World w(schema);
            const EntityId ids[] = {w.spawn("soldier", {{"x", 0}, {"y", 0}}),
                                    w.spawn("soldier", {{"x", 0}, {"y", 0}})};
            w.set(ids[which], field, 1);
            hashes.insert(w.state_hash());
        }
    BOOST_TEST(hashes.size() == 8);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
