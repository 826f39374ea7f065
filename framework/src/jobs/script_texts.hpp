// ScriptTexts: the Lua texts that a ScriptRunner was sent, each compiled once.
//
// Threads: any.
#pragma once
#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "canon/bytes.hpp"

namespace canon::jobs {

/// A text that was compiled, or why it is none.
struct ScriptText {
    std::string source;
    Bytes code;
    std::string problem;
    std::atomic<std::uint32_t> uses{0};  ///< by jobs
};

class ScriptTexts {
  public:
    ScriptTexts();
    /// The compiled text, with one use counted, which the caller gives back. Those without uses are
    /// dropped when they are many.
    ScriptText* use(std::string_view source);

  private:
    std::shared_mutex mutex_;
    // By hash. Looked up, and walked only to drop.
    std::unordered_map<std::uint64_t, std::vector<std::unique_ptr<ScriptText>>> texts_;
    std::size_t bytes_ = 0;
    ScriptText too_large_;
};

}  // namespace canon::jobs
