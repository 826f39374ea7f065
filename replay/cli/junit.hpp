// JUnit: test results as XML in the form that build servers read.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace canon::cli {

struct TestCase {
    enum class Outcome { passed, failed, skipped } outcome = Outcome::passed;
    std::string name;
    double seconds = 0;
    std::string kind{};  ///< of a failure, in a word or two
    std::string text{};  ///< of a failure; why it was skipped
};

/// The whole document, one suite of these cases.
std::string junit_document(std::string_view suite, const std::vector<TestCase>& cases);

/// As text or an attribute's value: what XML cannot hold (control characters, bytes that are not
/// UTF-8) becomes \xHH.
std::string xml_text(std::string_view text);

}  // namespace canon::cli
