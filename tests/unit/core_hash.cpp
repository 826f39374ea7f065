#include "canon/hash.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <vector>

#include "canon/random.hpp"

namespace canon {
namespace {

constexpr std::uint64_t kPrime64 = 11400714785074694797u;

// The test data of xxHash's own sanity check.
std::vector<std::uint8_t> sanity_bytes(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    std::uint64_t generator = 2654435761u;
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(generator >> 56);
        generator *= kPrime64;
    }
    return bytes;
}

BOOST_AUTO_TEST_SUITE(core_hash)

// From the sanity check of xxHash, which covers each length class of XXH3.
BOOST_AUTO_TEST_CASE(hashes_are_the_published_ones_of_xxh3) {
    struct Vector {
        std::size_t size;
        std::uint64_t seed;
        std::uint64_t hash;
    };
    const Vector vectors[] = {
        {0, 0, 0x2D06800538D394C2},           {1, 0, 0xC44BDFF4074EECDB},
        {1, kPrime64, 0x032BE332DD766EF8},    {6, 0, 0x27B56A84CD2D7325},
        {6, kPrime64, 0x84589C116AB59AB9},    {12, 0, 0xA713DAF0DFBB77E7},
        {12, kPrime64, 0xE7303E1B2336DE0E},   {24, 0, 0xA3FE70BF9D3510EB},
        {24, kPrime64, 0x850E80FC35BDD690},   {48, 0, 0x397DA259ECBA1F11},
        {48, kPrime64, 0xADC2CBAA44ACC616},   {80, 0, 0xBCDEFBBB2C47C90A},
        {80, kPrime64, 0xC6DD0CB699532E73},   {195, 0, 0xCD94217EE362EC3A},
        {195, kPrime64, 0xBA68003D370CB3D9},  {403, 0, 0xCDEB804D65C6DEA4},
        {403, kPrime64, 0x6259F6ECFD6443FD},  {512, 0, 0x617E49599013CB6B},
        {512, kPrime64, 0x3CE457DE14C27708},  {2048, 0, 0xDD59E2C3A5F038E0},
        {2048, kPrime64, 0x66F81670669ABABC}, {2240, 0, 0x6E73A90539CF2948},
        {2240, kPrime64, 0x757BA8487D1B5247}, {2367, 0, 0xCB37AEB9E5D361ED},
        {2367, kPrime64, 0xD2DB3415B942B42A},
    };
    for (const auto& [size, seed, hash] : vectors) {
        const std::vector<std::uint8_t> bytes = sanity_bytes(size);
        BOOST_TEST(hash_bytes(bytes, seed) == hash, size << " bytes");
        Hasher hasher(seed);
        hasher.update(bytes);
        BOOST_TEST(hasher.digest() == hash, size << " bytes in a hasher");
    }
}

// Method: random cuts, with a digest in between, which must not disturb what follows.
BOOST_AUTO_TEST_CASE(where_the_pieces_end_has_no_part_in_the_hash) {
    const std::vector<std::uint8_t> bytes = sanity_bytes(5000);
    RandomStream random(1, 0);
    for (int i = 0; i < 300; ++i) {
        const auto size = static_cast<std::size_t>(random.next_integer(0, 5000));
        const std::uint64_t seed = i % 3 == 0 ? 0 : random.next();
        Hasher hasher(seed);
        for (std::size_t at = 0; at < size;) {
            const auto piece = std::min<std::size_t>(size - at, random.next_integer(0, 700));
            hasher.update(bytes.data() + at, piece);
            at += piece;
            hasher.digest();
        }
        BOOST_TEST(hasher.digest() == hash_bytes({bytes.data(), size}, seed));
    }
}

BOOST_AUTO_TEST_CASE(a_reset_hasher_is_as_a_new_one) {
    const std::vector<std::uint8_t> bytes = sanity_bytes(1000);
    Hasher hasher(7);
    for (const std::uint64_t seed : {0, 7, 0, 8, 8, 7}) {
        hasher.update(bytes);
        hasher.reset(seed);
        hasher.update(bytes);
        BOOST_TEST(hasher.digest() == hash_bytes(bytes, seed));
    }
}

BOOST_AUTO_TEST_CASE(a_copied_hasher_goes_on_by_itself) {
    const std::vector<std::uint8_t> bytes = sanity_bytes(1000);
    Hasher hasher(3);
    hasher.update(bytes);
    Hasher copy = hasher;
    hasher.update_integer(1);
    copy.update(bytes);
    std::vector<std::uint8_t> twice = bytes;
    twice.insert(twice.end(), bytes.begin(), bytes.end());
    BOOST_TEST(copy.digest() == hash_bytes(twice, 3));
}

BOOST_AUTO_TEST_CASE(integers_are_hashed_as_eight_bytes_little_endian) {
    Hasher hasher;
    hasher.update_integer(0x0807060504030201);
    const std::uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
    BOOST_TEST(hasher.digest() == hash_bytes(bytes));
}

BOOST_AUTO_TEST_CASE(strings_do_not_run_into_each_other) {
    const auto hash_of = [](std::initializer_list<std::string_view> texts) {
        Hasher hasher;
        for (const std::string_view text : texts) hasher.update_string(text);
        return hasher.digest();
    };
    const std::set<std::uint64_t> hashes = {hash_of({"ab", "c"}), hash_of({"a", "bc"}),
                                            hash_of({"abc"}), hash_of({"abc", ""}),
                                            hash_of({"", "abc"})};
    BOOST_TEST(hashes.size() == 5u);
}

BOOST_AUTO_TEST_CASE(combining_hashes_keeps_their_order) {
    BOOST_TEST(hash_combine(1, 2) != hash_combine(2, 1));
    BOOST_TEST(hash_combine(0, 0) != 0u);
    BOOST_TEST(hash_combine(hash_combine(1, 2), 3) != hash_combine(1, hash_combine(2, 3)));
    const std::uint8_t bytes[] = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0};
    BOOST_TEST(hash_combine(1, 2) == hash_bytes(bytes));
}

BOOST_AUTO_TEST_CASE(a_hash_is_written_with_sixteen_digits) {
    BOOST_TEST(hash_text(0) == "0000000000000000");
    BOOST_TEST(hash_text(0x0123456789abcdef) == "0123456789abcdef");
    BOOST_TEST(hash_text(UINT64_MAX) == "ffffffffffffffff");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
