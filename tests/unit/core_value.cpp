#include "canon/value.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "canon/error.hpp"
#include "canon/ids.hpp"
#include "canon/random.hpp"
#include "core_random_values.hpp"

namespace canon {
namespace {

// A list that grows moves its elements instead of copying them.
static_assert(std::is_nothrow_move_constructible_v<Value>);
static_assert(std::is_nothrow_move_assignable_v<Value>);

static_assert(!std::is_convertible_v<void*, Value>, "a pointer is no boolean");
static_assert(!std::is_convertible_v<std::uint64_t, Value>, "not every uint64_t fits");
static_assert(!std::is_convertible_v<char, Value>, "a letter is no number");
static_assert(std::is_convertible_v<std::uint32_t, Value>);

const double kInfinity = std::numeric_limits<double>::infinity();

bool throws_text(const std::string& expected, const auto& call) {
    try {
        call();
    } catch (const Error& error) {
        if (std::string(error.what()).find(expected) != std::string::npos) return true;
        BOOST_TEST_MESSAGE("found: " << error.what());
    }
    return false;
}

BOOST_AUTO_TEST_SUITE(core_value)

BOOST_AUTO_TEST_CASE(keys_are_sorted_integers_first_then_strings_bytewise) {
    const std::vector<Key> sorted = {INT64_MIN, -1,  0,    1,   10,     INT64_MAX,  "",    "A",
                                     "B",       "a", "a!", "b", "\x7f", "\xc3\xa9", "\xff"};
    for (std::size_t i = 0; i < sorted.size(); ++i)
        for (std::size_t j = 0; j < sorted.size(); ++j)
            BOOST_TEST(((sorted[i] <=> sorted[j]) == (i <=> j)), i << " and " << j);
}

// Goal: the order in which entries arrive has no part in a map. Method: every permutation of five.
BOOST_AUTO_TEST_CASE(a_map_is_the_same_in_whichever_order_it_was_filled) {
    std::vector<Map::Entry> entries = {
        {3, "three"}, {"b", 1}, {-7, 0.5}, {"a", true}, {"", "none"}};
    const Map expected = {entries[2], entries[0], entries[4], entries[3], entries[1]};
    std::vector<int> order = {0, 1, 2, 3, 4};
    do {
        Map map;
        for (const int i : order) map.set(entries[i].first, entries[i].second);
        BOOST_TEST((map == expected));
        BOOST_TEST(std::is_sorted(map.begin(), map.end(),
                                  [](const auto& a, const auto& b) { return a.first < b.first; }));
    } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(setting_nil_removes_an_entry) {
    Map map = {{"a", 1}, {"b", nullptr}, {"c", 3}};
    BOOST_TEST(map.size() == 2u);
    map.set("a", nullptr);
    map.set("unknown", nullptr);
    BOOST_TEST((map == Map{{"c", 3}}));
    BOOST_TEST(map.find("a") == nullptr);
    map.set("c", 4);
    BOOST_TEST((*map.find("c") == Value(4)));
}

// A script's table cannot tell a map with the keys 1..n from a list.
BOOST_AUTO_TEST_CASE(a_map_with_the_keys_of_a_list_is_a_list) {
    BOOST_TEST((Value(Map{}) == Value(List{})));
    BOOST_TEST((Value(Map{{2, "b"}, {1, "a"}}) == Value(List{"a", "b"})));
    for (const Map& map : {Map{{0, "a"}, {1, "b"}}, Map{{2, "b"}}, Map{{1, "a"}, {3, "c"}},
                           Map{{1, "a"}, {"2", "b"}}, Map{{"1", "a"}}})
        BOOST_TEST((Value(map).type() == Value::Type::map));
}

BOOST_AUTO_TEST_CASE(equality_is_that_of_type_and_bits) {
    BOOST_TEST((Value(1) != Value(1.0)));
    BOOST_TEST((Value(0.0) != Value(-0.0)));
    BOOST_TEST((Value(0.0) == Value(0.0)));
    BOOST_TEST((Value(false) != Value()));
    BOOST_TEST((Value("1") != Value(1)));
    BOOST_TEST((Value(List{0.0}) != Value(List{-0.0})));
    BOOST_TEST((Value(std::nan("17")) == Value(-std::nan("4"))));
    BOOST_TEST((Value(List{Map{{"x", std::nan("")}}}) == Value(List{Map{{"x", std::nan("")}}})));
}

BOOST_AUTO_TEST_CASE(every_nan_becomes_the_canonical_one) {
    for (const std::uint64_t bits : {0x7FF8000000000000u, 0x7FF0000000000001u, 0xFFF8000000000000u,
                                     0xFFFFFFFFFFFFFFFFu, 0x7FFFFFFFFFFFFFFFu}) {
        const double found = Value(std::bit_cast<double>(bits)).as_number();
        BOOST_TEST(std::bit_cast<std::uint64_t>(found) == 0x7FF8000000000000u);
    }
    BOOST_TEST(canonical(-kInfinity) == -kInfinity);
}

BOOST_AUTO_TEST_CASE(numbers_convert_where_that_is_exact) {
    BOOST_TEST(Value(3.0).as_integer() == 3);
    BOOST_TEST(Value(-0x1p63).as_integer() == INT64_MIN);
    BOOST_TEST(Value(std::int64_t{1} << 53).as_number() == 0x1p53);
    BOOST_TEST(Value(INT64_MIN).as_number() == -0x1p63);
    BOOST_TEST(Value(INT64_MAX - 1023).as_number() == 0x1p63 - 1024);
    for (const double number :
         {0.5, 0x1p63, -0x1.0000000000001p63, kInfinity, -kInfinity, std::nan("")})
        BOOST_CHECK_THROW(Value(number).as_integer(), Error);
    for (const std::int64_t number : {(std::int64_t{1} << 53) + 1, INT64_MAX, INT64_MIN + 1})
        BOOST_CHECK_THROW(Value(number).as_number(), Error);
}

BOOST_AUTO_TEST_CASE(a_wrong_type_is_an_error_that_names_both) {
    BOOST_TEST(
        throws_text("expected a value of type boolean, found nil", [] { Value().as_boolean(); }));
    BOOST_TEST(throws_text("type integer, found string", [] { Value("7").as_integer(); }));
    BOOST_TEST(throws_text("type integer, found the float 1.5", [] { Value(1.5).as_integer(); }));
    BOOST_TEST(throws_text("type float, found boolean", [] { Value(true).as_number(); }));
    BOOST_TEST(throws_text("type float, found the integer 9223372036854775807",
                           [] { Value(INT64_MAX).as_number(); }));
    BOOST_TEST(throws_text("type string, found integer", [] { Value(7).as_string(); }));
    BOOST_TEST(throws_text("type list, found map", [] { Value(Map{{"a", 1}}).as_list(); }));
    BOOST_TEST(throws_text("type map, found list", [] { Value(List{}).as_map(); }));
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_not_there_is_nil) {
    const Value value = Map{{"list", List{"first", "second"}}, {7, "seven"}};
    BOOST_TEST(value["list"][1].as_string() == "first");
    BOOST_TEST(value["list"][2].as_string() == "second");
    BOOST_TEST(value[7].as_string() == "seven");
    for (const Key& key : {Key(0), Key(3), Key(-1), Key(INT64_MIN), Key("first")})
        BOOST_TEST(value["list"][key].is_nil());
    BOOST_TEST(value["unknown"]["deeper"][1].is_nil());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_ids)

// Goal: actions are ordered by frame, then submission, job, round, index, and by nothing else.
// Method: each field outweighs the largest values of all that follow it.
BOOST_AUTO_TEST_CASE(stamps_are_ordered_by_frame_submission_job_round_and_index) {
    Stamp most;
    most.submission = most.job = most.round = most.index = UINT32_MAX;
    std::array<Stamp, 6> ascending;  // the first is all zeros
    ascending[1].index = 1;
    ascending[2].round = 1;
    ascending[3].job = 1;
    ascending[4].submission = 1;
    ascending[5].frame = Frame{1};
    const auto largest_before = [&](std::size_t i) {
        Stamp largest = most;
        if (i <= 5) largest.frame = Frame{};
        if (i <= 4) largest.submission = 0;
        if (i <= 3) largest.job = 0;
        if (i <= 2) largest.round = 0;
        if (i <= 1) largest.index = 0;
        return largest;
    };
    for (std::size_t i = 1; i < ascending.size(); ++i) {
        BOOST_TEST((ascending[i - 1] < ascending[i]), i);
        BOOST_TEST((largest_before(i) < ascending[i]), i);
        BOOST_TEST(!(ascending[i] < largest_before(i)), i);
    }
}

BOOST_AUTO_TEST_CASE(id_zero_is_none) {
    BOOST_TEST(!EntityId{});
    BOOST_TEST(!JobId{});
    BOOST_TEST(static_cast<bool>(EntityId{1}));
    BOOST_TEST(static_cast<bool>(JobId{1}));
    BOOST_TEST((EntityId{1} < EntityId{2}));
    BOOST_TEST((Frame{} < Frame{1}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
