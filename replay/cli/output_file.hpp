// Output file: a file that a command makes: there whole, or not at all.
//
// It is written beside its place under another name and takes its place at the end. So a command
// that fails leaves nothing, and what was there before. (A device or a pipe is written to at once.)
#pragma once
#include <optional>
#include <string>

#include "container/sink.hpp"

namespace canon::cli {

/// Empty, or why `path` cannot be written from `input`: it is the same file, or it is there and
/// `may_replace` is not given.
std::string why_not_written(const std::string& path, const std::string& input, bool may_replace);

class OutputFile {
  public:
    /// Fails: throws canon::Error.
    explicit OutputFile(const std::string& path);
    /// Removes what was written, unless it was kept.
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    replay::Sink& sink() noexcept { return *sink_; }
    /// Makes it take its place. Fails: throws canon::Error.
    void keep();

  private:
    std::string path_;
    std::string written_;  ///< the name until then
    std::optional<replay::FileSink> sink_;
    bool is_kept_ = false;
};

}  // namespace canon::cli
