#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <vector>

#include "canon/error.hpp"
#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::full_schema;
using test::saved_text;

// Whether `call` breaks a promise. In a process of its own, since that ends it.
bool is_misuse(const auto& call) {
    std::fflush(nullptr);  // or the child would print it too
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        call();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

std::vector<std::int64_t> all(const World& world, TemplateIndex index) {
    std::vector<EntityId> ids;
    world.each(index, ids);
    std::vector<std::int64_t> numbers;
    for (const EntityId id : ids) numbers.push_back(id.value);
    return numbers;
}

std::vector<std::int64_t> stepped(const World& world, TemplateIndex index) {
    std::vector<std::int64_t> numbers;
    for (EntityId id = world.next(index, {}); id.value != 0; id = world.next(index, id))
        numbers.push_back(id.value);
    return numbers;
}

struct Fixture {
    std::shared_ptr<const Schema> schema = full_schema();
    World world{schema};
    TemplateIndex soldier = schema->find("soldier");
    TemplateIndex crate = schema->find("crate");
    TemplateIndex mark = schema->find("mark");

    WriteResult spawn(std::int64_t id, TemplateIndex index) { return world.spawn({id}, index, {}); }
};

using Ids = std::vector<std::int64_t>;

BOOST_FIXTURE_TEST_SUITE(world_entities, Fixture)

BOOST_AUTO_TEST_CASE(singletons_are_there_from_the_start_in_order_of_declaration) {
    BOOST_TEST(world.singleton("match").value == 1);
    BOOST_TEST(world.singleton("weather").value == 2);
    BOOST_TEST(world.singleton("soldier").value == 0);
    BOOST_TEST(world.singleton("nothing").value == 0);
    BOOST_TEST(world.next_id().value == 3);
    BOOST_TEST((world.get({1}, "wave") == Value(1)));
    BOOST_TEST(all(world, schema->find("weather")) == Ids{2});
}

BOOST_AUTO_TEST_CASE(a_singleton_is_neither_spawned_nor_destroyed) {
    BOOST_TEST((spawn(50, schema->find("match")) == WriteResult::singleton));
    BOOST_TEST((world.destroy({1}) == WriteResult::singleton));
    BOOST_TEST(world.alive({1}));
    BOOST_TEST(world.next_id().value == 3);
}

BOOST_AUTO_TEST_CASE(an_id_is_positive_and_nobody_else_s) {
    BOOST_TEST((spawn(10, soldier) == WriteResult::done));
    for (const std::int64_t id : {std::int64_t{10}, std::int64_t{1}, std::int64_t{0},
                                  std::int64_t{-4}, INT64_MAX, INT64_MIN}) {
        BOOST_TEST((spawn(id, soldier) == WriteResult::taken), id);
        BOOST_TEST((spawn(id, crate) == WriteResult::taken), id);
    }
    BOOST_TEST(world.count(soldier) == 1);
    BOOST_TEST(world.next_id().value == 11);
    BOOST_TEST((spawn(INT64_MAX - 1, crate) == WriteResult::done));
    BOOST_TEST(world.next_id().value == INT64_MAX);
}

BOOST_AUTO_TEST_CASE(a_spawn_that_is_refused_leaves_no_trace) {
    const std::string before = saved_text(world);
    const World::Assignment wrong_field[] = {{0, Scalar::of(1)}, {99, Scalar::of(1)}};
    const World::Assignment wrong_type[] = {{0, Scalar::of(1)}, {1, Scalar::of("x")}};
    BOOST_TEST((world.spawn({9}, crate, wrong_field) == WriteResult::no_field));
    BOOST_TEST((world.spawn({9}, crate, wrong_type) == WriteResult::wrong_type));
    BOOST_TEST((saved_text(world) == before));
    BOOST_TEST((spawn(9, crate) == WriteResult::done));
}

BOOST_AUTO_TEST_CASE(of_two_assignments_to_a_field_the_later_one_stays) {
    const World::Assignment fields[] = {{0, Scalar::of(1)}, {1, Scalar::of(8)}, {0, Scalar::of(2)}};
    world.spawn({9}, crate, fields);
    BOOST_TEST((world.get({9}, "hp") == Value(2)));
    BOOST_TEST((world.get({9}, "x") == Value(8)));
}

BOOST_AUTO_TEST_CASE(iteration_is_in_id_order_whatever_the_order_of_spawns) {
    for (const std::int64_t id : {30, 20, 40, 25, 10, 35}) spawn(id, soldier);
    spawn(15, crate);
    world.destroy({25});
    const Ids expected = {10, 20, 30, 35, 40};
    BOOST_TEST(all(world, soldier) == expected);
    world.freeze();
    BOOST_TEST(all(world, soldier) == expected);
    BOOST_TEST(stepped(world, soldier) == expected);
    BOOST_TEST(stepped(world, crate) == Ids{15});
    BOOST_TEST(stepped(world, mark) == Ids{});
    world.thaw();
    world.destroy({20});
    spawn(5, soldier);
    const Ids later = {5, 10, 30, 35, 40};
    BOOST_TEST(all(world, soldier) == later);
    BOOST_TEST(world.count(soldier) == 5);
    world.freeze();
    BOOST_TEST(stepped(world, soldier) == later);
}

BOOST_AUTO_TEST_CASE(ids_are_appended_to_what_is_there) {
    spawn(7, mark);
    std::vector<EntityId> ids = {{99}};
    world.each(mark, ids);
    world.each(mark, ids);
    BOOST_TEST((ids == std::vector<EntityId>{{99}, {7}, {7}}));
}

BOOST_AUTO_TEST_CASE(next_id_moves_behind_every_spawn_and_where_it_is_set) {
    BOOST_TEST(world.spawn("mark").value == 3);
    spawn(100, mark);
    BOOST_TEST(world.next_id().value == 101);
    spawn(50, mark);
    BOOST_TEST(world.next_id().value == 101);
    world.set_next_id({5000});
    BOOST_TEST(world.spawn("mark").value == 5000);
    world.destroy({5000});
    BOOST_TEST(world.next_id().value == 5001);
}

// Goal: the directory finds each id and no other, whatever ids there are. Method: blocks of ids as
// jobs have them, with ids of one home among them, half of them destroyed in an order of their own.
BOOST_AUTO_TEST_CASE(sparse_and_dense_ids_are_found_and_the_dead_are_not) {
    std::vector<std::int64_t> ids;
    for (std::int64_t block = 0; block < 300; ++block)
        for (std::int64_t i = 0; i < block % 7; ++i) ids.push_back(10 + 1024 * block + i);
    for (std::int64_t i = 0; i < 200; ++i)
        ids.push_back((std::int64_t{1} << 40) + i * (std::int64_t{1} << 32));
    RandomStream random(1, 1);
    for (std::size_t i = ids.size(); i > 1; --i)
        std::swap(ids[i - 1], ids[static_cast<std::size_t>(
                                  random.next_integer(0, static_cast<std::int64_t>(i) - 1))]);
    for (const std::int64_t id : ids)
        BOOST_TEST_REQUIRE((spawn(id, id % 2 == 0 ? mark : crate) == WriteResult::done));
    for (std::size_t i = 0; i < ids.size(); i += 2)
        BOOST_TEST_REQUIRE((world.destroy({ids[i]}) == WriteResult::done));
    for (const bool is_frozen : {false, true}) {
        if (is_frozen) world.freeze();
        for (std::size_t i = 0; i < ids.size(); ++i) {
            Location where;
            BOOST_TEST_REQUIRE(world.find({ids[i]}, where) == (i % 2 == 1), ids[i]);
            BOOST_TEST_REQUIRE(!world.alive({ids[i] + 1'000'000}));
            if (i % 2 == 1) BOOST_TEST((where.template_index == (ids[i] % 2 == 0 ? mark : crate)));
        }
    }
}

BOOST_AUTO_TEST_CASE(inner_savepoints_are_undone_alone_and_kept_ones_with_the_outer) {
    const EntityId id = world.spawn("crate");
    world.begin_savepoint();
    world.set(id, "hp", 1);
    world.begin_savepoint();
    world.set(id, "hp", 2);
    world.undo_savepoint();
    BOOST_TEST((world.get(id, "hp") == Value(1)));
    world.begin_savepoint();
    world.destroy(id);
    world.spawn("crate");
    world.release_savepoint();
    BOOST_TEST(!world.alive(id));
    world.undo_savepoint();
    BOOST_TEST((world.get(id, "hp") == Value(5)));
    BOOST_TEST(world.next_id().value == id.value + 1);
}

BOOST_AUTO_TEST_CASE(what_is_spawned_changed_and_destroyed_within_a_savepoint_is_undone) {
    const EntityId elder = world.spawn("soldier");
    const std::string before = saved_text(world);
    world.begin_savepoint();
    world.set(elder, "name", std::string(100, 'e'));
    const EntityId younger = world.spawn("soldier", {{"name", "younger"}});
    world.set(younger, "path", List{1, 2, 3});
    world.destroy(younger);
    world.set(elder, "memory", younger.value);
    world.destroy(elder);
    world.set_next_id({1'000'000});
    world.undo_savepoint();
    BOOST_TEST((saved_text(world) == before));
    BOOST_TEST(world.spawn("soldier").value == younger.value);
}

BOOST_AUTO_TEST_CASE(misuse_by_the_host_is_caught) {
    const EntityId id = world.spawn("crate");
    const NameId hp = schema->name_id("hp");
    BOOST_TEST(is_misuse([&] { world.release_savepoint(); }));
    BOOST_TEST(is_misuse([&] { world.undo_savepoint(); }));
    BOOST_TEST(is_misuse([&] { world.set_next_id(id); }));
    BOOST_TEST(is_misuse([&] {
        spawn(1000, mark);
        world.set_next_id({500});
    }));
    BOOST_TEST(!is_misuse([&] {
        world.begin_savepoint();
        spawn(1000, mark);
        world.undo_savepoint();
        world.set_next_id({500});
    }));
    BOOST_TEST(is_misuse([&] {
        world.begin_savepoint();
        world.freeze();
    }));
    std::vector<EntityId> ids;
    BOOST_TEST(is_misuse([&] { world.where(crate, kNone, Scalar::of(1), ids); }));
    const auto snapshot = world.capture();
    const std::string saved = saved_text(world);
    const auto load = [&] {
        ByteReader in({reinterpret_cast<const std::uint8_t*>(saved.data()), saved.size()});
        world.load(in);
    };
    world.begin_savepoint();
    BOOST_TEST(is_misuse([&] { world.restore(*snapshot); }));
    BOOST_TEST(is_misuse(load));
    world.release_savepoint();
    BOOST_TEST(!is_misuse(load));
    BOOST_TEST(!is_misuse([&] { world.restore(*snapshot); }));
    world.freeze();
    BOOST_TEST(is_misuse([&] { world.set(id, hp, Scalar::of(1)); }));
    BOOST_TEST(is_misuse([&] { world.add(id, hp, Scalar::of(1), nullptr, nullptr); }));
    BOOST_TEST(is_misuse([&] { world.put(id, hp, 1, Scalar::of(1)); }));
    BOOST_TEST(is_misuse([&] { world.set(id, "hp", 1); }));
    BOOST_TEST(is_misuse([&] { world.spawn("crate"); }));
    BOOST_TEST(is_misuse([&] { world.destroy(id); }));
    BOOST_TEST(is_misuse([&] { world.begin_savepoint(); }));
    BOOST_TEST(is_misuse([&] { world.set_next_id({500}); }));
    BOOST_TEST(is_misuse([&] { world.restore(*snapshot); }));
    BOOST_TEST(is_misuse(load));
    BOOST_TEST(world.frozen());
    world.freeze();
    world.thaw();
    BOOST_TEST(!world.frozen());
    BOOST_TEST(!is_misuse([&] { world.set(id, hp, Scalar::of(1)); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
