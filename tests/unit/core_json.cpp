#include "canon/json.hpp"

#include <locale.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "canon/bytes.hpp"
#include "canon/error.hpp"
#include "canon/random.hpp"
#include "core_random_values.hpp"

namespace canon {
namespace {

const double kInfinity = std::numeric_limits<double>::infinity();

std::string error_of(std::string_view text) {
    try {
        return "read as " + to_json(value_from_json(text));
    } catch (const Error& error) {
        return error.what();
    }
}

std::string nested_json(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

BOOST_AUTO_TEST_SUITE(core_json)

BOOST_AUTO_TEST_CASE(values_have_one_line_of_json) {
    const std::int64_t two_to_53 = std::int64_t{1} << 53;
    const std::pair<Value, std::string> expected[] = {
        {nullptr, "null"},
        {true, "true"},
        {0, "0"},
        {-7, "-7"},
        {two_to_53, "9007199254740992"},
        {-two_to_53, "-9007199254740992"},
        {two_to_53 + 1, "\"9007199254740993\""},
        {INT64_MIN, "\"-9223372036854775808\""},
        {1.0, "1.0"},
        {-0.0, "-0.0"},
        {0.1, "0.1"},
        {1e21, "1e+21"},
        {5e-324, "5e-324"},
        {123456789.0, "123456789.0"},
        {std::nan(""), "\"nan\""},
        {kInfinity, "\"inf\""},
        {-kInfinity, "\"-inf\""},
        {"a\"\\\n\r\t\b\x7f", R"("a\"\\\n\r\t\u0008\u007f")"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5\""},
        {"\xc2\x9b", R"("\u009b")"},
        {List{}, "[]"},
        {List{1, nullptr, List{2.5}}, "[1,null,[2.5]]"},
        {Map{{"b", 1}, {"a", List{}}, {3, "x"}, {-3, "y"}}, R"({"-3":"y","3":"x","a":[],"b":1})"},
    };
    for (const auto& [value, text] : expected) BOOST_TEST(to_json(value) == text);
}

// RFC 3629: no continuation without a lead, nothing cut short, overlong, of a surrogate or beyond
// U+10FFFF.
BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_escaped_one_by_one) {
    const std::pair<std::string, std::string> expected[] = {
        {"\x80", R"("\\x80")"},
        {"a\xffz", R"("a\\xffz")"},
        {"\xc3", R"("\\xc3")"},
        {"\xe2\x82", R"("\\xe2\\x82")"},
        {"\xc0\xaf", R"("\\xc0\\xaf")"},
        {"\xe0\x80\xaf", R"("\\xe0\\x80\\xaf")"},
        {"\xed\xa0\x80", R"("\\xed\\xa0\\x80")"},
        {"\xf0\x80\x80\xaf", R"("\\xf0\\x80\\x80\\xaf")"},
        {"\xf4\x90\x80\x80", R"("\\xf4\\x90\\x80\\x80")"},
        {"\xf5", R"("\\xf5")"},
        {"\xc3\xc3\xa9", "\"\\\\xc3\xc3\xa9\""},
    };
    for (const auto& [text, json] : expected) {
        BOOST_TEST(to_json(text) == json);
        BOOST_TEST(nlohmann::json::accept(json));
    }
}

// Method: another parser takes what we write, for values with all kinds of bytes in their strings.
BOOST_AUTO_TEST_CASE(every_value_gives_valid_json_on_one_line) {
    RandomStream random(1, 0);
    for (int i = 0; i < 3000; ++i) {
        const std::string json = to_json(test::random_value(random));
        BOOST_TEST(nlohmann::json::accept(json), json);
        BOOST_TEST(json.find_first_of("\n\r") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(floats_come_back_as_the_same_bits_and_never_as_integers) {
    RandomStream random(2, 0);
    for (int i = 0; i < 50'000; ++i) {
        const double number = i % 2 == 0 ? test::random_float(random)
                                         : static_cast<double>(random.next_integer(-1000, 1000));
        if (std::isfinite(number)) BOOST_TEST((value_from_json(to_json(number)) == Value(number)));
    }
}

BOOST_AUTO_TEST_CASE(json_is_read_into_the_values_it_says) {
    const std::pair<std::string, Value> expected[] = {
        {"null", nullptr},
        {" \n true ", true},
        {"1", 1},
        {"-0", 0},
        {"1.0", 1.0},
        {"-0.0", -0.0},
        {"1e2", 100.0},
        {"1E-400", 0.0},
        {"-1e-400", -0.0},
        {"5e-324", 5e-324},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {R"("\u00e9\ud83c\udfb5\u0000")", "\xc3\xa9\xf0\x9f\x8e\xb5" + std::string(1, '\0')},
        {"{}", List{}},
        {"[]", List{}},
        {R"({"b": [1, 2.5, null], "a": {"gone": null}, "1": 1})",
         Map{{"1", 1}, {"a", List{}}, {"b", List{1, 2.5, nullptr}}}},
    };
    for (const auto& [text, value] : expected)
        BOOST_TEST((value_from_json(text) == value), error_of(text));
}

BOOST_AUTO_TEST_CASE(bad_json_is_an_error_that_names_line_and_column) {
    const std::pair<std::string, std::string> expected[] = {
        {"", "line 1, column 1"},
        {"[1,\n 2", "line 2, column 3"},
        {"{\"a\": 1,\n\n  x}", "line 3, column 3"},
        {"1 2", "line 1, column 3"},
        {"[1,]", "line 1, column 4"},
        {"{'a': 1}", "line 1, column 2"},
        {"\"\xff\"", "line 1, column 2"},
        {"01", "line 1, column 2"},
        {"nan", "line 1, column 2"},
        {"[\n1e400]", "1e400"},
        {"[\n1e400]", "line 2, column "},
        {"[\n9223372036854775808]", "9223372036854775808, which is beyond 64 bits"},
        {"[\n9223372036854775808]", "line 2, column 20"},
        {"-9223372036854775809", "beyond 64 bits"},
        {"123456789012345678901234567890", "beyond 64 bits"},
        {"{\"a\": 1,\n \"a\": 2}", "the key \"a\" for the second time, before line 2, column 8"},
        {std::string("1\0 x", 4), "a NUL character at line 1, column 2"},
        {nested_json(kMaxDepth + 1), "more than 100 levels of arrays and objects"},
    };
    for (const auto& [text, part] : expected)
        BOOST_TEST(error_of(text).find(part) != std::string::npos, text << ": " << error_of(text));
}

BOOST_AUTO_TEST_CASE(json_nests_as_deep_as_canonical_bytes_do) {
    Bytes bytes;
    write_value(bytes, value_from_json(nested_json(kMaxDepth)));
    BOOST_TEST(to_json(value_from_bytes(bytes.view())) == nested_json(kMaxDepth));
}

// Whether the machine has a locale with a decimal comma; without one the test has nothing to set.
BOOST_AUTO_TEST_CASE(the_locale_has_no_part_in_json) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"}) {
        const locale_t locale = newlocale(LC_ALL_MASK, name, nullptr);
        if (locale == nullptr) continue;
        const locale_t before = uselocale(locale);
        BOOST_TEST(to_json(0.5) == "0.5");
        BOOST_TEST((value_from_json("[0.5,1e3]") == Value(List{0.5, 1000.0})));
        uselocale(before);
        freelocale(locale);
        return;
    }
    BOOST_TEST_MESSAGE("no locale with a decimal comma is installed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
