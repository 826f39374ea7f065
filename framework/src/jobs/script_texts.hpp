// ScriptTexts: the Lua texts that a ScriptRunner was sent, each compiled once.
//
// Threads: any.
#pragma once
#include <atomic>
#include <memory_resource>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "canon/bytes.hpp"

namespace canon::jobs {

/// A text that was compiled, or why it is none.
struct ScriptText {
    explicit ScriptText(std::pmr::memory_resource* memory) : source(memory), code(memory) {}

    std::pmr::string source;
    Bytes code;
    std::string problem;
    std::atomic<std::uint32_t> uses{0};  ///< by jobs
};

class ScriptTexts {
  public:
    explicit ScriptTexts(std::pmr::memory_resource* memory);
    /// The compiled text, with one use counted, which the caller gives back. Those without uses are
    /// dropped when they are many.
    ScriptText* use(std::string_view source);

  private:
    std::shared_mutex mutex_;
    // By hash. Looked up, and walked only to drop.
    std::pmr::unordered_multimap<std::uint64_t, ScriptText> texts_;
    std::size_t bytes_ = 0;
    ScriptText too_large_;
};

}  // namespace canon::jobs
