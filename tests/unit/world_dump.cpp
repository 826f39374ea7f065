#include <boost/test/unit_test.hpp>
#include <string>

#include "canon/hash.hpp"
#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "world_host_part.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

BOOST_AUTO_TEST_SUITE(world_dump)

BOOST_AUTO_TEST_CASE(a_dump_has_a_line_for_each_field_in_id_order) {
    auto schema = std::make_shared<Schema>();
    schema->add({"soldier",
                 false,
                 {{"hp", FieldType::integer, 35},
                  {"x", FieldType::number},
                  {"up", FieldType::boolean},
                  {"name", FieldType::string},
                  {"target", FieldType::entity},
                  {"memory", FieldType::any}}});
    schema->add({"match", true, {{"wave", FieldType::integer}}});
    schema->add({"mark"});
    World world(schema);
    test::Clock clock{9};
    world.add_host_state("clock", std::make_unique<test::ClockState>(clock));
    world.spawn({40}, 0, {});
    world.spawn({20}, 0, {});
    world.spawn({30}, 2, {});
    world.set({20}, "x", -0.0);
    world.set({20}, "name", "a \"b\"\n");
    world.set({20}, "target", 40);
    world.set({20}, "memory", Map{{"k", List{1, 0.5}}});
    world.set({40}, "x", canonical_nan());
    world.set({40}, "target", 77);
    world.set({40}, "hp", INT64_MAX);
    world.set({40}, "up", true);
    const std::string expected =
        "world .next_id: 41\n"
        "soldier 20 .hp: 35\n"
        "soldier 20 .x: -0.0\n"
        "soldier 20 .up: false\n"
        "soldier 20 .name: \"a \\\"b\\\"\\n\"\n"
        "soldier 20 .target: 40\n"
        "soldier 20 .memory: {\"k\":[1,0.5]}\n"
        "soldier 40 .hp: 9223372036854775807\n"
        "soldier 40 .x: nan\n"
        "soldier 40 .up: true\n"
        "soldier 40 .name: \"\"\n"
        "soldier 40 .target: 77 (dead)\n"
        "soldier 40 .memory: null\n"
        "match .wave: 0\n"
        "mark 30\n";
    BOOST_TEST(world.dump() == expected + "host clock .hours: 9\n");
    Hasher hasher;
    hasher.update_integer(9);
    BOOST_TEST(world.capture()->world().dump() ==
               expected + "host clock: 1 bytes, hash " + hash_text(hasher.digest()) + "\n");
}

BOOST_AUTO_TEST_CASE(an_array_shows_the_cells_that_differ_from_the_default_and_a_hash_of_all) {
    auto schema = std::make_shared<Schema>();
    schema->add({"map",
                 true,
                 {{"grid", FieldType::array, 2, FieldType::integer, 1000},
                  {"slope", FieldType::array, 0.0, FieldType::number, 3}}});
    World world(schema);
    const std::string before = world.dump();
    BOOST_TEST(before.starts_with("world .next_id: 2\nmap .grid: 1000 cells, hash "));
    world.put({1}, schema->name_id("grid"), 17, Scalar::of(3));
    world.put({1}, schema->name_id("slope"), 2, Scalar::of(-0.0));
    const std::string after = world.dump();
    BOOST_TEST(after.find("\nmap .grid[17]: 3\nmap .grid: 1000 cells, hash ") != after.npos, after);
    BOOST_TEST(after.find("\nmap .slope[2]: -0.0\nmap .slope: 3 cells, hash ") != after.npos,
               after);
    const auto hash_line = [](const std::string& dump, const char* path) {
        const std::size_t at = dump.find(path);
        return dump.substr(at, dump.find('\n', at) - at);
    };
    for (const char* path : {"map .grid: ", "map .slope: "})
        BOOST_TEST(hash_line(before, path) != hash_line(after, path));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
