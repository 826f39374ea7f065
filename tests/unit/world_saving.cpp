#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "canon/error.hpp"
#include "canon/world.hpp"
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

constexpr const char* kBytesAreLeft = "bytes are left";

// The error's text, or nothing where `saved` was loaded whole.
std::string load(World& world, std::string_view saved) {
    ByteReader in({reinterpret_cast<const std::uint8_t*>(saved.data()), saved.size()});
    try {
        world.load(in);
    } catch (const Error& error) {
        return error.what();
    }
    return in.left() == 0 ? "" : kBytesAreLeft;
}

bool begins_with(const std::string& text, const char* beginning) {
    BOOST_TEST_MESSAGE(text);
    return text.starts_with(beginning);
}

struct Fixture {
    std::shared_ptr<const Schema> schema = full_schema();
    Clock clock{7};
    World world{schema};

    Fixture() {
        world.add_host_state("clock", std::make_unique<ClockState>(clock));
        const EntityId crate = world.spawn("crate", {{"x", -1}});
        world.spawn(
            "soldier",
            {{"name", std::string(20, 'n')}, {"target", crate.value}, {"path", List{1, 2, 3}}});
        world.spawn("mark");
        world.spawn("soldier", {{"x", canonical_nan()},
                                {"memory", Map{{"a", List{0.5, "t"}}, {2, false}}},
                                {"flags", List{true, false, true, false, true}}});
        world.set({2}, "wind", -0.0);
    }
};

BOOST_FIXTURE_TEST_SUITE(world_saving, Fixture)

BOOST_AUTO_TEST_CASE(what_was_saved_loads_to_the_same_state_and_stays_the_same) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        RandomStream random(seed, 6);
        World original(schema);
        Model model(*schema);
        for (int step = 0; step < 400; ++step) same_random_write(original, model, random);
        const std::string saved = saved_text(original);
        World loaded(schema);
        loaded.spawn("crate");
        BOOST_TEST_REQUIRE(load(loaded, saved) == "");
        BOOST_TEST((saved_text(loaded) == saved));
        BOOST_TEST(loaded.state_hash() == original.state_hash());
        BOOST_TEST(loaded.dump() == original.dump());
        BOOST_TEST(test::difference(loaded, model) == "");
        RandomStream same = random;
        Model same_model = model;
        for (int step = 0; step < 400; ++step) {
            same_random_write(original, model, random);
            BOOST_TEST_REQUIRE(same_random_write(loaded, same_model, same));
            if (step % 100 == 0) loaded.freeze(), loaded.thaw();
        }
        BOOST_TEST(loaded.state_hash() == original.state_hash());
        BOOST_TEST((saved_text(loaded) == saved_text(original)));
    }
}

BOOST_AUTO_TEST_CASE(indexes_answer_for_the_loaded_state) {
    const TemplateIndex soldier = schema->find("soldier");
    const std::string saved = saved_text(world);
    World other(schema);
    other.add_host_state("clock", std::make_unique<ClockState>(clock));
    other.spawn("soldier", {{"hp", 100}});
    other.freeze();
    other.thaw();
    BOOST_TEST_REQUIRE(load(other, saved) == "");
    for (const bool is_frozen : {false, true}) {
        if (is_frozen) other.freeze();
        std::vector<EntityId> near, hit;
        other.near(soldier, 0.5, 0, 1, near);
        other.where(soldier, schema->field(soldier, "hp"), Scalar::of(100), hit);
        BOOST_TEST((near == std::vector<EntityId>{{4}}));
        BOOST_TEST((hit == std::vector<EntityId>{{4}, {6}}));
    }
}

// Goal: a torn file is refused, and nothing is lost. Method: every length.
BOOST_AUTO_TEST_CASE(every_truncation_is_refused_and_changes_nothing) {
    const std::string saved = saved_text(world);
    for (std::size_t size = 0; size < saved.size(); ++size) {
        const std::string text = load(world, saved.substr(0, size));
        BOOST_TEST_REQUIRE(begins_with(text, "saved world"), size);
        BOOST_TEST_REQUIRE((saved_text(world) == saved), size);
    }
}

// Goal: no damage crashes, and none passes for something that it is not. Method: every single bit,
// and random bytes: it is refused and changes nothing, or it is loaded and saves to exactly the
// bytes given.
BOOST_AUTO_TEST_CASE(damaged_bytes_are_refused_or_are_themselves_what_a_world_saves) {
    const std::string saved = saved_text(world);
    int loaded = 0;
    const auto check = [&](const std::string& damaged) {
        World other(schema);
        Clock other_clock;
        other.add_host_state("clock", std::make_unique<ClockState>(other_clock));
        const std::string before = saved_text(other);
        const std::string result = load(other, damaged);
        if (result == "" || result == kBytesAreLeft) {
            ++loaded;
            BOOST_TEST_REQUIRE(damaged.starts_with(saved_text(other)));
            BOOST_TEST_REQUIRE((saved_text(other) == damaged) == (result == ""));
            other.state_hash();
            other.dump();
            other.freeze();
        } else {
            BOOST_TEST_REQUIRE((saved_text(other) == before));
        }
    };
    for (std::size_t bit = 0; bit < saved.size() * 8; ++bit) {
        std::string damaged = saved;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        check(damaged);
    }
    BOOST_TEST(loaded > 0, "some bits are those of numbers");
    RandomStream random(1, 7);
    for (int i = 0; i < 3000; ++i) {
        std::string damaged = saved;
        for (std::int64_t left = random.next_integer(1, 4); left > 0; --left) {
            // The digest alone would refuse most.
            const auto at =
                static_cast<std::size_t>(random.next_integer(8, std::ssize(damaged) - 1));
            damaged[at] = static_cast<char>(random.next_integer(0, 255));
            if (random.next_integer(0, 3) == 0) damaged.erase(at, 1);
            if (random.next_integer(0, 3) == 0) damaged.insert(at, 1, '\0');
        }
        check(damaged);
    }
}

// Goal: the smallest harm is named. Method: bytes written by hand, wrong in one thing each.
BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place) {
    auto small = std::make_shared<Schema>();
    small->add({"one", true, {{"n", FieldType::integer}}});
    small->add(
        {"bot",
         false,
         {{"on", FieldType::boolean}, {"at", FieldType::number}, {"of", FieldType::entity}}});
    small->add({"pad", false, {}});
    struct Parts {
        std::uint64_t next_id = 9;
        std::vector<std::uint64_t> ones = {1};
        std::vector<std::uint64_t> bots = {4, 1};  // distances: 4 and 5
        std::vector<std::uint64_t> pads = {3};
        std::uint8_t on = 1;
        std::uint64_t at = 0;
        std::int64_t of = 4;
        std::uint64_t hosts = 0;
    };
    const auto result = [&](const auto& change) {
        Parts parts;
        change(parts);
        Bytes out;
        const std::uint64_t digest = small->digest();
        out.append(&digest, 8);
        out.put_varint(parts.next_id);
        const auto put_ids = [&](const std::vector<std::uint64_t>& distances) {
            out.put_varint(distances.size());
            for (const std::uint64_t distance : distances) out.put_varint(distance);
        };
        const auto put_cells = [&](const auto& cell, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) out.append(&cell, sizeof cell);
        };
        put_ids(parts.ones);
        put_cells(std::int64_t{0}, parts.ones.size());
        put_ids(parts.bots);
        put_cells(parts.on, parts.bots.size());
        put_cells(parts.at, parts.bots.size());
        put_cells(parts.of, parts.bots.size());
        put_ids(parts.pads);
        out.put_varint(parts.hosts);
        World loaded(small);
        const std::string before = saved_text(loaded);
        const std::string text =
            load(loaded, {reinterpret_cast<const char*>(out.data()), out.size()});
        if (text != "") BOOST_TEST((saved_text(loaded) == before));
        return text;
    };
    const auto fails = [&](const auto& change, const char* beginning, const char* reason) {
        const std::string text = result(change);
        BOOST_TEST(text.starts_with(beginning), text);
        BOOST_TEST(text.find(reason) != text.npos, text);
    };
    BOOST_TEST(result([](Parts&) {}) == "");
    fails([](Parts& p) { p.next_id = 0; }, "saved world, next id: ", "not positive");
    fails([](Parts& p) { p.next_id = std::uint64_t{1} << 63; },
          "saved world, next id: ", "not positive");
    fails([](Parts& p) { p.next_id = 5; }, "saved world, bot: ", "not below the next id");
    fails([](Parts& p) { p.next_id = 1, p.ones.clear(), p.bots.clear(), p.pads.clear(); },
          "saved world, one: ", "a singleton that is missing");
    fails([](Parts& p) { p.ones.clear(); }, "saved world, one: ", "a singleton that is missing");
    // As one has that came with a reload.
    BOOST_TEST(result([](Parts& p) { p.ones = {2}; }) == "");
    fails([](Parts& p) { p.ones = {1, 1}; }, "saved world, one: ", "more than one");
    fails([](Parts& p) { p.bots = {4, 0}; }, "saved world, bot: ", "ids that do not ascend");
    fails([](Parts& p) { p.bots = {0, 4}; }, "saved world, bot: ", "ids that do not ascend");
    fails(
        [](Parts& p) {
            p.bots = {4, UINT64_MAX};
        },
        "saved world, bot: ", "not below the next id");
    fails(
        [](Parts& p) {
            p.bots = {1, 1};
        },
        "saved world, bot 1: ", "an id that another entity has");
    fails([](Parts& p) { p.pads = {5}; }, "saved world, pad 5: ", "an id that another entity has");
    fails([](Parts& p) { p.on = 2; }, "saved world, bot.on: ", "neither 0 nor 1");
    fails([](Parts& p) { p.at = 0xFFF8'0000'0000'0000; },
          "saved world, bot.at: ", "a NaN that is not");
    fails([](Parts& p) { p.at = 0x7FF8'0000'0000'0001; },
          "saved world, bot.at: ", "a NaN that is not");
    fails([](Parts& p) { p.of = -1; }, "saved world, bot.of: ", "a negative entity id");
    fails([](Parts& p) { p.hosts = 1; }, "saved world, host states: ", "beyond the bytes left");
    BOOST_TEST(result([](Parts& p) { p.at = 0x7FF8'0000'0000'0000, p.of = 0; }) == "");
}

// Goal: a few bytes that claim to be a huge world are refused before anything is reserved for them.
// Method: counts far beyond the bytes, for a template whose rows are large; under the sanitizers'
// limits an allocation of that size would end the test.
BOOST_AUTO_TEST_CASE(counts_beyond_the_bytes_left_are_refused_at_once) {
    auto wide = std::make_shared<Schema>();
    wide->add(
        {"map", false, {{"cells", FieldType::array, 0, FieldType::integer, kMaxArrayLength}}});
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{1} << 20,
                                      std::uint64_t{1} << 40, UINT64_MAX / 8, UINT64_MAX}) {
        Bytes out;
        const std::uint64_t digest = wide->digest();
        out.append(&digest, 8);
        out.put_varint(std::uint64_t{1} << 50);
        out.put_varint(count);
        for (int i = 0; i < 1000; ++i) out.put(1);
        World loaded(wide);
        BOOST_TEST(load(loaded, {reinterpret_cast<const char*>(out.data()), out.size()})
                       .starts_with("saved world, map: "));
    }
}

BOOST_AUTO_TEST_CASE(a_world_of_other_templates_or_host_states_is_refused) {
    const std::string saved = saved_text(world);
    auto other_schema = std::make_shared<Schema>();
    other_schema->add({"crate"});
    World other(other_schema);
    BOOST_TEST(
        begins_with(load(other, saved), "saved world: it was saved with templates of digest "));
    World without(schema);
    BOOST_TEST(load(without, saved) == "saved world: it has 1 host states, expected 0");
    Clock other_clock;
    World renamed(schema);
    renamed.add_host_state("watch", std::make_unique<ClockState>(other_clock));
    BOOST_TEST(begins_with(load(renamed, saved),
                           "saved world: found the host state 'clock', expected 'watch'"));
}

BOOST_AUTO_TEST_CASE(what_follows_a_saved_world_is_left_to_the_caller) {
    const std::string saved = saved_text(world) + "more";
    ByteReader in({reinterpret_cast<const std::uint8_t*>(saved.data()), saved.size()});
    world.load(in);
    BOOST_TEST(in.left() == 4);
}

// Goal: a host state that refuses leaves world and host states as they were. Method: the second of
// three refuses, by throwing, by reading too little, and with a state that cannot be given back.
BOOST_AUTO_TEST_CASE(a_host_state_that_refuses_undoes_the_load) {
    Clock clocks[3] = {{1}, {2}, {3}};
    World full(schema);
    for (int i = 0; i < 3; ++i)
        full.add_host_state("clock" + std::to_string(i), std::make_unique<ClockState>(clocks[i]));
    const std::string before = saved_text(full);
    full.spawn("crate");
    for (Clock& each : clocks) each.hours += 10;
    std::string after = saved_text(full);
    BOOST_TEST_REQUIRE(load(full, before) == "");
    BOOST_TEST(clocks[1].hours == 2);

    clocks[1].refused_hours = 12;
    BOOST_TEST(load(full, after) == "host state 'clock1': the clock does not show that");
    BOOST_TEST((saved_text(full) == before));

    clocks[1].refused_hours = UINT64_MAX;
    const std::string tail = {6, 'c', 'l', 'o', 'c', 'k', '1', 1, 12};
    const std::size_t at = after.find(tail);
    BOOST_TEST_REQUIRE(at != after.npos);
    after.replace(at, tail.size(), std::string{6, 'c', 'l', 'o', 'c', 'k', '1', 2, 12, 0});
    BOOST_TEST(load(full, after) == "host state 'clock1': 1 bytes more than it reads");
    BOOST_TEST((saved_text(full) == before));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
