#include <atomic>
#include <boost/test/unit_test.hpp>
#include <string>
#include <thread>
#include <vector>

#include "canon/error.hpp"
#include "canon/snapshot.hpp"
#include "world_host_part.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::Clock;
using test::ClockState;
using test::full_schema;
using test::Model;
using test::same_random_write;
using test::saved_text;

struct Fixture {
    std::shared_ptr<const Schema> schema = full_schema();
    Clock clock{7};
    World world{schema};
    RandomStream random{1, 8};
    Model model{*schema};

    Fixture() {
        world.add_host_state("clock", std::make_unique<ClockState>(clock));
        change(500);
    }
    void change(int count) {
        for (int i = 0; i < count; ++i) same_random_write(world, model, random);
    }
};

BOOST_FIXTURE_TEST_SUITE(world_snapshots, Fixture)

BOOST_AUTO_TEST_CASE(a_snapshot_says_what_the_world_said_and_never_changes) {
    const Model then = model;
    const std::string saved = saved_text(world);
    const std::uint64_t hash = world.state_hash();
    const auto snapshot = world.capture();
    BOOST_TEST(world.state_hash() == hash);
    clock.hours = 8;
    change(500);
    BOOST_TEST_REQUIRE(world.state_hash() != hash);
    BOOST_TEST(test::difference(snapshot->world(), then) == "");
    BOOST_TEST(snapshot->world().state_hash() == hash);
    BOOST_TEST((saved_text(snapshot->world()) == saved));
    BOOST_TEST(snapshot->world().frozen());
    const auto copy = snapshot->world().capture();
    BOOST_TEST(copy->world().state_hash() == hash);
    BOOST_TEST((saved_text(copy->world()) == saved));
}

BOOST_AUTO_TEST_CASE(restore_brings_back_every_bit_and_the_run_goes_on_alike) {
    const std::string saved = saved_text(world);
    const auto snapshot = world.capture();
    const RandomStream random_then = random;
    const Model model_then = model;
    clock.hours = 8;
    change(300);
    const std::string later = saved_text(world);
    world.freeze();
    world.thaw();
    for (int i = 0; i < 2; ++i) {
        world.restore(*snapshot);
        BOOST_TEST((saved_text(world) == saved));
        BOOST_TEST(clock.hours == 7);
        random = random_then;
        model = model_then;
        clock.hours = 8;
        change(300);
        BOOST_TEST((saved_text(world) == later));
        BOOST_TEST(test::difference(world, model) == "");
    }
}

BOOST_AUTO_TEST_CASE(indexes_answer_for_the_restored_state) {
    const TemplateIndex soldier = schema->find("soldier");
    const auto ids_of = [&](const char* what) {
        std::vector<EntityId> ids;
        if (what == std::string("near")) world.near(soldier, 0, 0, 5, ids);
        if (what == std::string("hp"))
            world.where(soldier, schema->field(soldier, "hp"), Scalar::of(100), ids);
        if (what == std::string("target"))
            world.where(soldier, schema->field(soldier, "target"), Scalar{}, ids);
        return ids;
    };
    world.freeze();
    const auto near = ids_of("near"), hp = ids_of("hp"), target = ids_of("target");
    const auto snapshot = world.capture();
    world.thaw();
    change(300);
    world.freeze();
    world.thaw();
    BOOST_TEST_REQUIRE((ids_of("near") != near || ids_of("hp") != hp));
    world.restore(*snapshot);
    for (const bool is_frozen : {false, true}) {
        if (is_frozen) world.freeze();
        BOOST_TEST((ids_of("near") == near));
        BOOST_TEST((ids_of("hp") == hp));
        BOOST_TEST((ids_of("target") == target));
    }
}

BOOST_AUTO_TEST_CASE(a_snapshot_outlives_its_world) {
    std::shared_ptr<const Snapshot> snapshot;
    std::uint64_t hash = 0;
    {
        World brief(full_schema());
        brief.spawn("soldier", {{"name", "last"}});
        hash = brief.state_hash();
        snapshot = brief.capture();
    }
    BOOST_TEST(snapshot->world().state_hash() == hash);
    BOOST_TEST((snapshot->world().get({3}, "name") == Value("last")));
}

BOOST_AUTO_TEST_CASE(a_snapshot_restores_into_another_world_of_the_same_templates_only) {
    const auto snapshot = world.capture();
    Clock other_clock;
    World other(full_schema());
    other.add_host_state("clock", std::make_unique<ClockState>(other_clock));
    other.restore(*snapshot);
    BOOST_TEST(other.state_hash() == world.state_hash());
    BOOST_TEST(other_clock.hours == 7);

    const auto error_of = [&](World& target) -> std::string {
        const std::string before = saved_text(target);
        try {
            target.restore(*snapshot);
        } catch (const Error& error) {
            BOOST_TEST((saved_text(target) == before));
            return error.what();
        }
        return "";
    };
    auto small = std::make_shared<Schema>();
    small->add({"crate"});
    World strange(small), without(schema), renamed(schema);
    renamed.add_host_state("watch", std::make_unique<ClockState>(other_clock));
    BOOST_TEST(error_of(strange) == "the snapshot is of a world with other templates");
    BOOST_TEST(error_of(without) == "the snapshot has 1 host states, expected 0");
    BOOST_TEST(error_of(renamed) == "the snapshot has the host state 'clock', expected 'watch'");
    other_clock = {9, 7};
    BOOST_TEST(error_of(other) == "host state 'clock': the clock does not show that");
}

// Goal: snapshots and frozen worlds are read from any thread. Method: readers use every reading
// function of a snapshot while the live world goes on, then of the frozen world all at once;
// ThreadSanitizer watches.
BOOST_AUTO_TEST_CASE(any_thread_reads_snapshots_while_the_world_goes_on) {
    const auto read_all = [](const World& w) {
        const TemplateIndex soldier = w.schema().find("soldier");
        std::vector<EntityId> ids;
        w.near(soldier, 0, 0, 50, ids);
        w.where(soldier, w.schema().field(soldier, "hp"), Scalar::of(100), ids);
        w.where(soldier, w.schema().field(soldier, "target"), Scalar{}, ids);
        w.each(soldier, ids);
        for (EntityId id = w.next(soldier, {}); id.value != 0; id = w.next(soldier, id))
            ids.push_back(id);
        std::uint64_t sum = w.count(soldier) + ids.size();
        for (const EntityId id : ids) sum += w.get(id, "name").as_string().size();
        return sum + w.state_hash();
    };
    const auto snapshot = world.capture();
    const std::uint64_t expected = read_all(snapshot->world());
    std::atomic<int> wrong = 0;
    const auto run = [&](const World& w, std::uint64_t sum) {
        return std::thread([&wrong, &w, read_all, sum] {
            for (int i = 0; i < 20; ++i) wrong += read_all(w) != sum;
        });
    };
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) readers.push_back(run(snapshot->world(), expected));
    for (int i = 0; i < 10; ++i) {
        change(100);
        world.freeze();
        world.thaw();
        const auto brief = world.capture();
    }
    for (std::thread& reader : readers) reader.join();
    readers.clear();
    world.freeze();
    const std::uint64_t frozen_sum = read_all(world);
    for (int i = 0; i < 3; ++i) readers.push_back(run(world, frozen_sum));
    for (std::thread& reader : readers) reader.join();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
