#include "cli/junit.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace canon::cli {
namespace {

// How many bytes the character at the beginning has; 0 where there is none that XML 1.0 may hold
// (https://www.w3.org/TR/xml/#charsets) in UTF-8.
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80)
        return first >= 0x20 && first != 0x7F ? 1 : first == '\t' || first == '\n' ? 1 : 0;
    const std::size_t size = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
    if (size == 0 || text.size() < size) return 0;
    std::uint32_t code = first & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        code = code << 6 | (byte(i) & 0x3Fu);
    }
    const bool is_too_long = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool is_allowed = code <= 0xD7FF || (code >= 0xE000 && code <= 0xFFFD) ||
                            (code >= 0x10000 && code <= 0x10FFFF);
    return !is_too_long && is_allowed ? size : 0;
}

}  // namespace

std::string xml_text(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t size = character_bytes(text);
        if (size == 0)
            out += fmt::format("\\x{:02X}", static_cast<std::uint8_t>(text[0]));
        else if (text[0] == '&')
            out += "&amp;";
        else if (text[0] == '<')
            out += "&lt;";
        else if (text[0] == '>')
            out += "&gt;";
        else if (text[0] == '"')
            out += "&quot;";
        else if (text[0] == '\n' || text[0] == '\t')  // an attribute would lose them
            out += fmt::format("&#{};", static_cast<int>(text[0]));
        else
            out += text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

std::string junit_document(std::string_view suite, const std::vector<TestCase>& cases) {
    using Outcome = TestCase::Outcome;
    const auto count = [&](Outcome outcome) {
        return std::count_if(cases.begin(), cases.end(),
                             [&](const TestCase& one) { return one.outcome == outcome; });
    };
    std::string out = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n",
        xml_text(suite), cases.size(), count(Outcome::failed), count(Outcome::skipped));
    for (const TestCase& one : cases) {
        out += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                           xml_text(suite), xml_text(one.name), one.seconds);
        if (one.outcome == Outcome::passed)
            out += "/>\n";
        else if (one.outcome == Outcome::skipped)
            out += fmt::format("><skipped message=\"{}\"/></testcase>\n", xml_text(one.text));
        else
            out +=
                fmt::format("><failure type=\"{}\" message=\"{}\">{}</failure></testcase>\n",
                            xml_text(one.kind), xml_text(one.text.substr(0, one.text.find('\n'))),
                            xml_text(one.text));
    }
    return out + "</testsuite>\n</testsuites>\n";
}

}  // namespace canon::cli
