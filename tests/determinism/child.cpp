#include "determinism/child.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace canon::test {
namespace {
constexpr const char* kAnswerFile = "CANON_TEST_ANSWER_FILE";
// What this processor needs before the name of a program for another one; see tests/cross.
constexpr const char* kEmulator = "CANON_TEST_EMULATOR";
}  // namespace

std::string run_child(const std::string& test_case, const ChildOptions& options) {
    std::string file = (std::filesystem::temp_directory_path() / "canon_child_XXXXXX").string();
    const int descriptor = mkstemp(file.data());
    if (descriptor < 0) return "child failed: no temporary file";
    close(descriptor);

    std::string command;
    if (options.address_space_kilobytes > 0)
        command += "ulimit -v " + std::to_string(options.address_space_kilobytes) + " && ";
    command += "env " + std::string(kAnswerFile) + "='" + file + "' ";
    for (const auto& [name, value] : options.environment) command += name + "='" + value + "' ";
    if (const char* emulator = std::getenv(kEmulator)) command += std::string(emulator) + " ";
    command += "'" + std::filesystem::read_symlink("/proc/self/exe").string() + "' --run_test='" +
               test_case + "' --log_level=error --report_level=no --color_output=no >'" + file +
               ".log' 2>&1";
    const int status = std::system(command.c_str());

    const auto contents = [](const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    };
    std::string answer = contents(file);
    if (status != 0 || answer.empty())
        answer =
            "child failed with status " + std::to_string(status) + ": " + contents(file + ".log");
    std::filesystem::remove(file);
    std::filesystem::remove(file + ".log");
    return answer;
}

void answer_parent(const std::string& text) {
    if (const char* file = std::getenv(kAnswerFile)) std::ofstream(file) << text;
}

}  // namespace canon::test
