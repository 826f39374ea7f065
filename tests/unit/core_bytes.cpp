#include "canon/bytes.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "canon/hash.hpp"
#include "canon/random.hpp"
#include "core/sanitizers.hpp"
#include "core_goldens.hpp"
#include "core_random_values.hpp"

namespace canon {
namespace {

constexpr int kValues = 1000;

Bytes bytes_of(const Value& value) {
    Bytes bytes;
    write_value(bytes, value);
    return bytes;
}

Bytes bytes_of(std::initializer_list<int> numbers) {
    Bytes bytes;
    for (const int number : numbers) bytes.put(static_cast<std::uint8_t>(number));
    return bytes;
}

bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes.view()) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += digits;
    }
    return text;
}

// Null if `bytes` are one value, else why not.
const char* why_refused(std::span<const std::uint8_t> bytes) {
    ByteReader in(bytes);
    Value value;
    if (read_value(in, value) && in.left() != 0) in.fail("bytes behind the value");
    BOOST_TEST((in.failed() || value == value_from_bytes(bytes)));
    BOOST_TEST(
        (!in.failed() || value.is_nil() || in.why() == std::string("bytes behind the value")));
    return in.why();
}

bool skips(std::span<const std::uint8_t> bytes) {
    ByteReader in(bytes);
    return in.skip_value() && in.left() == 0;
}

// What holds for all bytes, whoever made them.
void check_any_bytes(std::span<const std::uint8_t> bytes) {
    const bool reads = why_refused(bytes) == nullptr;
    BOOST_TEST(skips(bytes) == reads);
    if (reads) BOOST_TEST(equal(bytes_of(value_from_bytes(bytes)).view(), bytes));
}

Value nested(int levels) {
    Value value = "core";
    for (int i = 0; i < levels; ++i)
        value = i % 2 == 0 ? Value(List{std::move(value)}) : Value(Map{{"k", std::move(value)}});
    return value;
}

Value golden_value() {
    return Map{{"frame", -617},
               {5, "\x05" + std::string(1, '\0')},
               {-3, 2.5},
               {"A", Map{{"", List{}}, {"t", true}, {"f", false}}},
               {"list", List{nullptr, 0.0, INT64_MIN, INT64_MAX,
                             std::numeric_limits<double>::quiet_NaN()}}};
}

BOOST_AUTO_TEST_SUITE(core_bytes)

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_equal) {
    RandomStream random(1, 0);
    for (int i = 0; i < kValues; ++i) {
        const Value value = test::random_value(random);
        const Bytes bytes = bytes_of(value);
        BOOST_TEST((value_from_bytes(bytes.view()) == value));
        check_any_bytes(bytes.view());
    }
}

// Goal: bytes can be compared in place of values. Method: pairs of random values, many of them
// equal because they are small.
BOOST_AUTO_TEST_CASE(values_are_equal_just_if_their_bytes_are) {
    RandomStream random(2, 0);
    int equal_pairs = 0;
    std::vector<Value> values;
    for (int i = 0; i < 300; ++i) values.push_back(test::random_value(random, 3));
    for (const Value& a : values) {
        for (const Value& b : values) {
            equal_pairs += a == b;
            BOOST_TEST((a == b) == equal(bytes_of(a).view(), bytes_of(b).view()));
        }
    }
    BOOST_TEST(equal_pairs > 300);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
    RandomStream random(3, 0);
    for (int i = 0; i < kValues; ++i) {
        const Bytes bytes = bytes_of(test::random_value(random));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            BOOST_TEST(why_refused(bytes.view(0, size)) != nullptr);
            BOOST_TEST(!skips(bytes.view(0, size)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_bit_flip_never_reads_as_the_same_value) {
    RandomStream random(4, 0);
    for (int i = 0; i < kValues; ++i) {
        const Value value = test::random_value(random);
        Bytes bytes = bytes_of(value);
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            bytes.data()[bit / 8] ^= 1 << bit % 8;
            check_any_bytes(bytes.view());
            if (why_refused(bytes.view()) == nullptr)
                BOOST_TEST((value_from_bytes(bytes.view()) != value));
            bytes.data()[bit / 8] ^= 1 << bit % 8;
        }
    }
}

// Goal: no bytes but the canonical ones are read. Method: what is read is written again, for random
// bytes that lean towards small numbers, as tags and counts are.
BOOST_AUTO_TEST_CASE(what_reads_writes_the_same_bytes_again) {
    RandomStream random(5, 0);
    int read = 0;
    for (int i = 0; i < 100'000; ++i) {
        Bytes bytes;
        for (std::int64_t left = random.next_integer(1, 12); left > 0; --left)
            bytes.put(static_cast<std::uint8_t>(random.next_integer(0, left % 3 == 0 ? 255 : 7)));
        check_any_bytes(bytes.view());
        read += skips(bytes.view());
    }
    BOOST_TEST(read > 1000);
}

BOOST_AUTO_TEST_CASE(the_encoding_of_a_fixed_value_does_not_drift) {
    const Bytes bytes = bytes_of(golden_value());
    BOOST_TEST(hex(bytes) == test::kGoldenValueBytes);
    BOOST_TEST(hash_bytes(bytes.view()) == test::kGoldenValueHash);
}

BOOST_AUTO_TEST_CASE(each_form_that_is_not_canonical_is_refused_with_its_reason) {
    const std::pair<Bytes, std::string> refused[] = {
        {bytes_of({}), "truncated"},
        {bytes_of({8}), "an unknown tag"},
        {bytes_of({0, 0}), "bytes behind the value"},
        {bytes_of({3, 0x80, 0x00}), "a varint that is not the shortest"},
        {bytes_of({3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}),
         "a varint beyond 64 bits"},
        {bytes_of({3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0}),
         "a varint beyond 64 bits"},
        {bytes_of({4, 1, 0, 0, 0, 0, 0, 0xF8, 0x7F}), "a NaN that is not the canonical one"},
        {bytes_of({4, 0, 0, 0, 0, 0, 0, 0xF8, 0xFF}), "a NaN that is not the canonical one"},
        {bytes_of({4, 1, 0, 0, 0, 0, 0, 0xF0, 0x7F}), "a NaN that is not the canonical one"},
        {bytes_of({5, 3, 'a', 'b'}), "a length or count beyond the bytes left"},
        {bytes_of({6, 3, 0, 0}), "a length or count beyond the bytes left"},
        {bytes_of({7, 2, 3, 0, 1, 3, 1}), "a length or count beyond the bytes left"},
        {bytes_of({7, 0}), "an empty map, which must be an empty list"},
        {bytes_of({7, 1, 1, 0, 0}), "a map's key is neither integer nor string"},
        {bytes_of({7, 1, 3, 0, 0}), "a nil in a map"},
        {bytes_of({7, 1, 3, 2, 1}), "a map with the keys of a list, which must be a list"},
        {bytes_of({7, 2, 3, 2, 1, 3, 4, 1}), "a map with the keys of a list, which must be a list"},
        {bytes_of({7, 2, 3, 4, 1, 3, 0, 1}), "a map's keys are not in ascending order"},
        {bytes_of({7, 2, 3, 0, 1, 3, 0, 1}), "a map's keys are not in ascending order"},
        {bytes_of({7, 2, 5, 0, 1, 3, 0, 1}), "a map's keys are not in ascending order"},
        {bytes_of({7, 2, 5, 1, 'b', 1, 5, 1, 'a', 1}), "a map's keys are not in ascending order"},
        {bytes_of({7, 2, 5, 1, 'a', 1, 5, 1, 'a', 1}), "a map's keys are not in ascending order"},
    };
    for (const auto& [bytes, why] : refused) {
        const char* found = why_refused(bytes.view());
        BOOST_TEST((found != nullptr ? found : "read") == why, hex(bytes));
        BOOST_TEST(!skips(bytes.view()));
    }
}

BOOST_AUTO_TEST_CASE(varints_have_one_to_ten_bytes_and_read_back) {
    for (int bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t number :
             {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, ~(std::uint64_t{1} << bit)}) {
            Bytes bytes;
            bytes.put_varint(number);
            BOOST_TEST(bytes.size() == std::max<std::size_t>(1, (std::bit_width(number) + 6) / 7));
            std::uint64_t found = 0;
            ByteReader in(bytes.view());
            BOOST_TEST((in.varint(found) && in.left() == 0 && found == number));

            bytes.clear();
            bytes.put_zigzag(static_cast<std::int64_t>(number));
            std::int64_t signed_found = 0;
            ByteReader signed_in(bytes.view());
            BOOST_TEST((signed_in.zigzag(signed_found) &&
                        signed_found == static_cast<std::int64_t>(number)));
        }
    }
}

BOOST_AUTO_TEST_CASE(floats_are_eight_bytes_and_every_nan_the_same) {
    Bytes bytes;
    bytes.put_float(-0.0);
    BOOST_TEST(hex(bytes) == "0000000000000080");
    for (const std::uint64_t bits :
         {0x7FF8000000000001u, 0xFFF8000000000000u, 0x7FF0000000000001u}) {
        bytes.clear();
        bytes.put_float(std::bit_cast<double>(bits));
        BOOST_TEST(hex(bytes) == "000000000000f87f");
    }
}

BOOST_AUTO_TEST_CASE(values_nest_as_deep_as_allowed_and_no_deeper) {
    Bytes bytes = bytes_of(nested(kMaxDepth));
    BOOST_TEST((value_from_bytes(bytes.view()) == nested(kMaxDepth)));
    BOOST_TEST(skips(bytes.view()));

    Bytes before = bytes_of({1, 2, 3});
    Bytes out = before;
    BOOST_CHECK_THROW(write_value(out, nested(kMaxDepth + 1)), Error);
    BOOST_TEST(equal(out.view(), before.view()),
               "a write that fails leaves the bytes as they were");

    Bytes deeper = bytes_of({6, 1});
    deeper.append(bytes.view());
    BOOST_TEST(why_refused(deeper.view()) == std::string("lists and maps nest too deeply"));
    BOOST_TEST(!skips(deeper.view()));
}

// Goal: a small message cannot make its reader reserve a lot of memory. Method: lists nested as
// deep as allowed, each of which claims as many elements as there are bytes left. All of them
// reserved at once would be more than 1 GB; the process may grow by half of that.
BOOST_AUTO_TEST_CASE(counts_are_not_believed_beyond_the_bytes_that_pay_for_them) {
#if !CANON_IS_SANITIZED
    Bytes bytes;
    constexpr std::size_t kSize = 300'000;
    while (bytes.size() < 4 * (kMaxDepth - 1)) {
        bytes.put(6);
        bytes.put_varint(kSize - 400);
    }
    while (bytes.size() < kSize) bytes.put(0);

    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit before;
    getrlimit(RLIMIT_AS, &before);
    rlimit limit = before;
    limit.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{1} << 29);
    setrlimit(RLIMIT_AS, &limit);
    ByteReader in(bytes.view());
    Value value;
    BOOST_CHECK_NO_THROW(read_value(in, value));
    setrlimit(RLIMIT_AS, &before);
    BOOST_TEST(in.why() == std::string("truncated"));
#endif
}

BOOST_AUTO_TEST_CASE(a_reader_stays_failed_and_says_where) {
    const Bytes bytes = bytes_of({1, 2, 0x80, 0x00, 5, 5, 5, 5, 5, 5, 5, 5, 5});
    ByteReader in(bytes.view());
    std::uint8_t byte;
    std::uint64_t number;
    std::int64_t integer;
    double real;
    std::string_view text;
    BOOST_TEST((in.byte(byte) && in.byte(byte)));
    BOOST_TEST(!in.varint(number));
    BOOST_TEST(in.fail_text() == "malformed bytes at offset 4: a varint that is not the shortest");
    BOOST_TEST((!in.byte(byte) && !in.varint(number) && !in.zigzag(integer) && !in.number(real) &&
                !in.string(text) && !in.count(number) && !in.raw(&byte, 1) && !in.raw(&byte, 0) &&
                !in.skip(0) && !in.skip_value()));
    BOOST_TEST(in.why() == std::string("a varint that is not the shortest"));
    BOOST_TEST(in.left() == 0u);
    BOOST_TEST(in.offset() == 4u);
}

BOOST_AUTO_TEST_CASE(a_count_of_larger_things_is_checked_by_their_size) {
    const Bytes bytes = bytes_of({2, 0, 0, 0, 0, 0, 0, 0});
    std::uint64_t count;
    ByteReader fits(bytes.view());
    BOOST_TEST(fits.count(count, 3));
    BOOST_TEST(count == 2u);
    ByteReader does_not(bytes.view());
    BOOST_TEST(!does_not.count(count, 4));
}

BOOST_AUTO_TEST_CASE(malformed_bytes_are_an_error_that_names_the_offset) {
    const std::pair<Bytes, std::string> refused[] = {
        {bytes_of({6, 2, 0, 9}), "malformed bytes at offset 4: an unknown tag"},
        {bytes_of({0, 0}), "malformed bytes at offset 1: bytes behind the value"},
    };
    for (const auto& refusal : refused) {
        BOOST_CHECK_EXCEPTION(value_from_bytes(refusal.first.view()), Error,
                              [&](const Error& error) { return error.what() == refusal.second; });
    }
}

BOOST_AUTO_TEST_CASE(bytes_keep_their_memory_when_cleared_and_their_content_when_copied) {
    Bytes bytes;
    for (int i = 0; i < 1000; ++i) bytes.put_varint(static_cast<std::uint64_t>(i) * i);
    const std::size_t size = bytes.size();
    const std::uint8_t* memory = bytes.data();
    const Bytes copy = bytes;
    Bytes& alias = bytes;
    bytes = alias;
    BOOST_TEST(equal(copy.view(), bytes.view()));
    bytes.clear();
    for (int i = 0; i < 1000; ++i) bytes.put_varint(static_cast<std::uint64_t>(i) * i);
    BOOST_TEST(bytes.data() == memory);
    const Bytes moved = std::move(bytes);
    BOOST_TEST(moved.data() == memory);
    BOOST_TEST(equal(copy.view(), moved.view()));
    bytes = copy;
    bytes.truncate(size + 1);
    BOOST_TEST(bytes.size() == size);
    bytes.truncate(3);
    BOOST_TEST(equal(bytes.view(), copy.view(0, 3)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
