#include "canon/random.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <type_traits>
#include <utility>

#include "core_goldens.hpp"

namespace canon {
namespace {

// It is put aside and brought back as bytes.
static_assert(std::is_trivially_copyable_v<RandomStream>);

// From kat_vectors of the authors' library Random123.
static_assert(philox4x32_10({0, 0, 0, 0}, {0, 0}) ==
              PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                            {0xffffffff, 0xffffffff}) ==
              PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                            {0xa4093822, 0x299f31d0}) ==
              PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

BOOST_AUTO_TEST_SUITE(core_random)

BOOST_AUTO_TEST_CASE(blocks_are_the_published_ones_of_philox_at_run_time_too) {
    volatile std::uint32_t ones = 0xffffffff;
    const PhiloxCounter found = philox4x32_10({ones, ones, ones, ones}, {ones, ones});
    BOOST_TEST((found == PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

BOOST_AUTO_TEST_CASE(a_stream_is_the_blocks_of_its_key_and_counter) {
    const std::uint64_t key = 0x299f31d0a4093822;
    const std::uint64_t stream = 0x0370734413198a2e;
    RandomStream random(key, stream);
    for (std::uint32_t block = 0; block < 100; ++block) {
        const PhiloxCounter words =
            philox4x32_10({block, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
        BOOST_TEST(random.next() == (words[0] | std::uint64_t{words[1]} << 32));
        BOOST_TEST(random.next() == (words[2] | std::uint64_t{words[3]} << 32));
    }
}

BOOST_AUTO_TEST_CASE(the_first_numbers_of_a_stream_do_not_drift) {
    RandomStream random(1, 2);
    for (const std::uint64_t golden : test::kGoldenRandom) BOOST_TEST(random.next() == golden);
}

BOOST_AUTO_TEST_CASE(a_copy_goes_on_with_the_same_numbers) {
    RandomStream random(5, 6);
    for (int i = 0; i < 5; ++i) {
        random.next();
        RandomStream original = random;
        RandomStream copy = random;
        for (int j = 0; j < 10; ++j) BOOST_TEST(copy.next() == original.next());
    }
}

// Goal: streams whose keys or numbers are neighbours share nothing. Method: no 64-bit number comes
// twice.
BOOST_AUTO_TEST_CASE(neighbouring_streams_have_different_numbers) {
    std::set<std::uint64_t> numbers;
    for (std::uint64_t key = 0; key < 20; ++key) {
        for (std::uint64_t stream = 0; stream < 20; ++stream) {
            RandomStream random(key, stream);
            for (int i = 0; i < 50; ++i) numbers.insert(random.next());
        }
    }
    BOOST_TEST(numbers.size() == 20u * 20 * 50);
}

BOOST_AUTO_TEST_CASE(floats_are_even_in_zero_to_one) {
    RandomStream random(1, 1);
    constexpr int kDraws = 200'000;
    std::array<int, 16> buckets{};
    for (int i = 0; i < kDraws; ++i) {
        const double number = random.next_float();
        BOOST_TEST_REQUIRE((number >= 0 && number < 1));
        ++buckets[static_cast<std::size_t>(number * 16)];
    }
    for (const int count : buckets) BOOST_TEST(std::abs(count - kDraws / 16) < 600);  // 5.5 sigma
}

BOOST_AUTO_TEST_CASE(integers_reach_both_bounds_and_nothing_beyond) {
    RandomStream random(2, 1);
    const std::pair<std::int64_t, std::int64_t> intervals[] = {
        {0, 0}, {-1, 1}, {5, 12}, {INT64_MIN, INT64_MIN + 2}, {INT64_MAX - 3, INT64_MAX}};
    for (const auto& [low, high] : intervals) {
        std::set<std::int64_t> found;
        for (int i = 0; i < 1000; ++i) found.insert(random.next_integer(low, high));
        BOOST_TEST(*found.begin() == low);
        BOOST_TEST(*found.rbegin() == high);
        BOOST_TEST(found.size() == static_cast<std::uint64_t>(high) - low + 1);
    }
}

// Goal: no value is favoured. Method: of 3 * 2^62 values, the largest interval that does not divide
// 2^64 well, some would come twice as often as others if draws were not thrown away.
BOOST_AUTO_TEST_CASE(integers_are_even_over_an_interval_that_does_not_divide_two_to_64) {
    RandomStream random(3, 1);
    const std::int64_t third = std::int64_t{1} << 62;
    constexpr int kDraws = 300'000;
    std::array<int, 3> thirds{};
    std::array<int, 3> remainders{};
    for (int i = 0; i < kDraws; ++i) {
        const std::int64_t number = random.next_integer(INT64_MIN, third - 1);
        const std::uint64_t distance =
            static_cast<std::uint64_t>(number) - (std::uint64_t{1} << 63);
        ++thirds[distance / third];
        ++remainders[distance % 3];
    }
    for (const int count : thirds) BOOST_TEST(std::abs(count - kDraws / 3) < 1500);  // 6 sigma
    for (const int count : remainders) BOOST_TEST(std::abs(count - kDraws / 3) < 1500);
}

BOOST_AUTO_TEST_CASE(the_full_range_of_integers_is_every_number) {
    RandomStream random(4, 1);
    RandomStream numbers(4, 1);
    for (int i = 0; i < 100; ++i)
        BOOST_TEST(random.next_integer(INT64_MIN, INT64_MAX) ==
                   static_cast<std::int64_t>(numbers.next()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
