#include "cli/output_file.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <filesystem>

#include "canon/error.hpp"

namespace canon::cli {
namespace {

namespace fs = std::filesystem;

// A file that holds something, as opposed to a device.
bool is_file(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path, error);
}

}  // namespace

std::string why_not_written(const std::string& path, const std::string& input, bool may_replace) {
    std::error_code error;
    if (fs::equivalent(path, input, error))
        return fmt::format("{} is the recording that is read: give another file for the output",
                           path);
    if (fs::is_directory(path, error)) return fmt::format("{} is a folder", path);
    if (is_file(path) && !may_replace)
        return fmt::format("{} is there already; --force replaces it", path);
    return {};
}

OutputFile::OutputFile(const std::string& path) : path_(path), written_(path) {
    std::error_code error;
    if (is_file(path)) path_ = fs::canonical(path).string();  // a link stays one
    if (!fs::exists(path_, error) || is_file(path_))
        written_ = fmt::format("{}.part{}", path_, getpid());
    sink_.emplace(written_);
}

OutputFile::~OutputFile() {
    if (is_kept_ || written_ == path_) return;
    sink_.reset();
    std::error_code error;
    fs::remove(written_, error);
}

void OutputFile::keep() {
    sink_->close();
    if (written_ != path_) {
        std::error_code error;
        fs::rename(written_, path_, error);
        if (error) throw Error(fmt::format("{}: cannot be written: {}", path_, error.message()));
    }
    is_kept_ = true;
}

}  // namespace canon::cli
