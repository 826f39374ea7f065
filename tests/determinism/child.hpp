// Child: one test case of this program, run again in a process of its own.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace canon::test {

struct ChildOptions {
    std::vector<std::pair<std::string, std::string>>
        environment{};                        ///< added to this process's own
    std::size_t address_space_kilobytes = 0;  ///< `ulimit -v`; 0: as it is
};

/// Runs the test case with that path, which may be disabled, and returns what it gave to
/// `answer_parent`. Fails: a text beginning with "child failed".
std::string run_child(const std::string& test_case, const ChildOptions& options = {});

/// Call: in the child's test case.
void answer_parent(const std::string& text);

}  // namespace canon::test
