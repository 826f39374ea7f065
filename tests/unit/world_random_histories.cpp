#include <boost/test/unit_test.hpp>
#include <vector>

#include "canon/world.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::difference;
using test::full_schema;
using test::Model;
using test::rebuilt;
using test::same_random_write;
using test::saved_text;

// What all histories with one outcome have in common.
void check_equal_to_rebuilt(const World& world, const Model& model) {
    const std::unique_ptr<World> other = rebuilt(full_schema(), model);
    BOOST_TEST_REQUIRE(difference(*other, model) == "");
    BOOST_TEST(world.state_hash() == other->state_hash());
    BOOST_TEST((saved_text(world) == saved_text(*other)));
    BOOST_TEST(world.dump() == other->dump());
}

BOOST_AUTO_TEST_SUITE(world_random_histories)

// Goal: a world does what the simplest model of it does. Method: the same random operations,
// hostile contents among them, to both; each result and, now and then, all content is compared,
// frozen and not.
BOOST_AUTO_TEST_CASE(a_world_does_what_a_map_of_lists_does) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        RandomStream random(seed, 1);
        World world(full_schema());
        Model model(world.schema());
        for (int step = 0; step < 2000; ++step) {
            BOOST_TEST_REQUIRE(same_random_write(world, model, random),
                               "seed " << seed << ", step " << step);
            if (step % 100 != 99) continue;
            BOOST_TEST_REQUIRE(difference(world, model) == "",
                               "seed " << seed << ", step " << step);
            world.freeze();
            BOOST_TEST_REQUIRE(difference(world, model) == "",
                               "seed " << seed << ", step " << step);
            world.thaw();
        }
    }
}

// Goal: hash, save and dump are functions of the content alone. Method: a world of a random
// history, frozen or not, against one that was built of the outcome in id order.
BOOST_AUTO_TEST_CASE(hash_save_and_dump_do_not_depend_on_history) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        RandomStream random(seed, 2);
        World world(full_schema());
        Model model(world.schema());
        for (int step = 0; step < 1500; ++step) {
            same_random_write(world, model, random);
            if (step == 700) {
                world.freeze();
                world.thaw();
            }
        }
        check_equal_to_rebuilt(world, model);
        world.freeze();
        check_equal_to_rebuilt(world, model);
    }
}

// Goal: after many deaths and late spawns, with tombstones dropped and rows sorted, nothing is
// lost. Method: waves that kill all but every ninth, then spawn below and above them.
BOOST_AUTO_TEST_CASE(mass_deaths_and_late_spawns_leave_the_content_alone) {
    const auto schema = full_schema();
    const TemplateIndex soldier = schema->find("soldier");
    World world(schema);
    Model model(*schema);
    std::int64_t base = 100'000;
    for (int wave = 0; wave < 6; ++wave) {
        for (std::int64_t i = 0; i < 6000; ++i) {
            const std::int64_t id = base + 2 * i;
            const test::Held hp(id);
            const World::Assignment fields[] = {{2, hp.scalar()}};
            // Some ids are taken by survivors of earlier waves.
            BOOST_TEST_REQUIRE(
                (world.spawn({id}, soldier, fields) == model.spawn(id, soldier, {{2, &hp}})));
        }
        for (const EntityId id : model.all(soldier)) {
            if (id.value % 9 == 0) continue;
            BOOST_TEST_REQUIRE((world.destroy(id) == WriteResult::done));
            model.destroy(id.value);
        }
        if (wave % 2 == 0) world.freeze();
        BOOST_TEST_REQUIRE(difference(world, model) == "");
        world.thaw();
        base += wave % 2 == 0 ? -20'001 : 50'000;
    }
    check_equal_to_rebuilt(world, model);
}

// Goal: an undo restores every bit, a release keeps all. Method: random operations under savepoints
// nested at random, against full copies of the model; canonical bytes before and after.
BOOST_AUTO_TEST_CASE(undone_savepoints_leave_no_trace_and_released_ones_keep_all) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        RandomStream random(seed, 3);
        World world(full_schema());
        Model model(world.schema());
        struct Before {
            Model model;
            std::string saved;
            std::uint64_t hash;
        };
        std::vector<Before> open;
        for (int step = 0; step < 1500; ++step) {
            const std::int64_t choice = random.next_integer(0, 19);
            if (choice == 0 && open.size() < 5) {
                open.push_back({model, saved_text(world), world.state_hash()});
                world.begin_savepoint();
            } else if (choice == 1 && !open.empty()) {
                world.release_savepoint();
                open.pop_back();
            } else if (choice == 2 && !open.empty()) {
                world.undo_savepoint();
                model = open.back().model;
                BOOST_TEST_REQUIRE((saved_text(world) == open.back().saved),
                                   "seed " << seed << ", step " << step);
                BOOST_TEST_REQUIRE(world.state_hash() == open.back().hash);
                BOOST_TEST_REQUIRE(difference(world, model) == "");
                open.pop_back();
            } else {
                BOOST_TEST_REQUIRE(same_random_write(world, model, random),
                                   "seed " << seed << ", step " << step);
            }
            if (open.empty() && choice == 3) {
                world.freeze();
                world.thaw();
            }
        }
        BOOST_TEST_REQUIRE(difference(world, model) == "");
        while (!open.empty()) {
            world.undo_savepoint();
            BOOST_TEST((saved_text(world) == open.back().saved));
            open.pop_back();
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
