#include "canon/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/error.hpp"

namespace canon {
namespace {

// Writing.

constexpr std::int64_t kTwoTo53 = std::int64_t{1} << 53;

void append_hex(std::string& out, unsigned number, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        out += "0123456789abcdef"[number >> shift & 15];
}

// The length of the UTF-8 sequence that `text` starts with (RFC 3629: no surrogates, nothing
// overlong, nothing beyond U+10FFFF), or 0.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    const unsigned second = byte(1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second > 0x9F;
    const bool too_large = lead == 0xF4 && second > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

void append_character(std::string& out, std::string_view sequence) {
    const auto first = static_cast<unsigned char>(sequence[0]);
    switch (first) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto last = static_cast<unsigned char>(sequence.back());
    // U+0080 to U+009F too: a terminal obeys them.
    const bool is_control = first < 0x20 || first == 0x7F || (first == 0xC2 && last < 0xA0);
    if (is_control) {
        out += "\\u";
        append_hex(out, last, 4);
    } else {
        out += sequence;
    }
}

void append_text(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length != 0) {
            append_character(out, text.substr(0, length));
        } else {
            out += "\\\\x";
            append_hex(out, static_cast<unsigned char>(text[0]), 2);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

void append_quoted(std::string& out, std::string_view plain) {
    out += '"';
    out += plain;
    out += '"';
}

void append_integer(std::string& out, std::int64_t number) {
    const bool is_exact_everywhere = number >= -kTwoTo53 && number <= kTwoTo53;
    if (is_exact_everywhere)
        out += std::to_string(number);
    else
        append_quoted(out, std::to_string(number));
}

void append_float(std::string& out, double number) {
    if (std::isfinite(number))
        out += float_text(number);
    else
        append_quoted(out, float_text(number));
}

void append_value(std::string& out, const Value& value) {
    const char* separator = "";
    switch (value.type()) {
        case Value::Type::nil:
            out += "null";
            return;
        case Value::Type::boolean:
            out += value.as_boolean() ? "true" : "false";
            return;
        case Value::Type::integer:
            return append_integer(out, value.as_integer());
        case Value::Type::number:
            return append_float(out, value.as_number());
        case Value::Type::string:
            return append_text(out, value.as_string());
        case Value::Type::list:
            out += '[';
            for (const Value& element : value.as_list()) {
                out += std::exchange(separator, ",");
                append_value(out, element);
            }
            out += ']';
            return;
        case Value::Type::map:
            out += '{';
            for (const auto& [key, entry] : value.as_map()) {
                out += std::exchange(separator, ",");
                if (key.is_integer())
                    append_quoted(out, std::to_string(key.as_integer()));
                else
                    append_text(out, key.as_string());
                out += ':';
                append_value(out, entry);
            }
            out += '}';
            return;
    }
}

// Reading.

// Where `offset` lies in `text`, counted from 1 as editors do.
std::string place_text(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    return "line " + std::to_string(line) + ", column " +
           std::to_string(std::max<std::size_t>(before.size() - line_begin, 1));
}

// Tells how far the parser has come, which its events do not say.
class WatchedIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    WatchedIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
    reference operator*() const { return *at_; }
    WatchedIterator& operator++() {
        *furthest_ = ++at_;
        return *this;
    }
    WatchedIterator operator++(int) {
        WatchedIterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const WatchedIterator& a, const WatchedIterator& b) {
        return a.at_ == b.at_;
    }

  private:
    const char* at_;
    const char** furthest_;
};

// Builds a value from the parser's events. Every event returns true: what is wrong is thrown.
class ValueBuilder : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit ValueBuilder(std::string_view text) : text_(text), at_(text.data()) {}

    Value parse() {
        // The parser takes a NUL for the end of the text, and would never see what follows.
        if (const std::size_t nul = text_.find('\0'); nul != text_.npos)
            throw Error("JSON: a NUL character at " + place_text(text_, nul + 1));
        nlohmann::json::sax_parse(WatchedIterator(text_.data(), &at_),
                                  WatchedIterator(text_.data() + text_.size(), &at_), this);
        return std::move(result_);
    }

    bool null() override { return add(Value()); }
    bool boolean(bool flag) override { return add(flag); }
    bool number_integer(std::int64_t number) override { return add(number); }
    bool number_unsigned(std::uint64_t number) override {
        if (number > static_cast<std::uint64_t>(INT64_MAX)) beyond_64_bits(std::to_string(number));
        return add(static_cast<std::int64_t>(number));
    }
    bool number_float(double, const std::string& digits) override {
        // The parser hands over integers that do not fit as rounded floats.
        if (digits.find_first_not_of("-0123456789") == digits.npos) beyond_64_bits(digits);
        // Its own conversion is strtod's, which follows the locale; so does the point in `digits`.
        std::string text = digits;
        for (char& c : text)
            if (std::string_view("+-0123456789eE").find(c) == std::string_view::npos) c = '.';
        double number;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        // What is beyond double upwards the parser has refused already.
        if (error == std::errc::result_out_of_range) number = text.starts_with('-') ? -0.0 : 0.0;
        return add(number);
    }
    bool string(std::string& text) override { return add(std::move(text)); }
    bool binary(binary_t&) override { fail("binary data"); }

    bool start_array(std::size_t) override { return open(false); }
    bool start_object(std::size_t) override { return open(true); }
    bool key(std::string& text) override {
        open_.back().key = std::move(text);
        return true;
    }
    bool end_array() override {
        List list = std::move(open_.back().list);
        open_.pop_back();
        return add(std::move(list));
    }
    bool end_object() override {
        Map map;
        for (auto& [key, value] : open_.back().entries) map.set(key, std::move(value));
        open_.pop_back();
        return add(std::move(map));
    }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::json::exception& error) override {
        std::string text = error.what();
        text.erase(0, text.find("] ") + 2);  // the library's "[json.exception.parse_error.101] "
        if (text.find(" at line ") == text.npos) text += " at " + place_text(text_, position);
        throw Error("JSON: " + text);
    }

  private:
    struct Open {
        bool is_object = false;
        List list;
        std::map<std::string, Value> entries;
        std::string key;
    };

    bool open(bool is_object) {
        if (open_.size() >= static_cast<std::size_t>(kMaxDepth))
            fail("more than " + std::to_string(kMaxDepth) + " levels of arrays and objects");
        open_.emplace_back().is_object = is_object;
        return true;
    }

    bool add(Value value) {
        if (open_.empty()) {
            result_ = std::move(value);
        } else if (Open& inner = open_.back(); !inner.is_object) {
            inner.list.push_back(std::move(value));
        } else if (!inner.entries.try_emplace(inner.key, std::move(value)).second) {
            fail("the key " + to_json(inner.key) + " for the second time");
        }
        return true;
    }

    [[noreturn]] void beyond_64_bits(const std::string& digits) const {
        fail("the integer " + digits +
             ", which is beyond 64 bits (write it as a float or a string)");
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw Error("JSON: found " + what + ", before " +
                    place_text(text_, static_cast<std::size_t>(at_ - text_.data())));
    }

    std::string_view text_;
    const char* at_;
    std::vector<Open> open_;
    Value result_;
};

}  // namespace

std::string float_text(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    std::string text(digits, end);
    if (text.find_first_of(".e") == text.npos) text += ".0";
    return text;
}

std::string to_json(const Value& value) {
    std::string out;
    append_value(out, value);
    return out;
}

Value value_from_json(std::string_view text) { return ValueBuilder(text).parse(); }

}  // namespace canon
