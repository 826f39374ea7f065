// Lost write list: folds lost writes that repeat. One is the same again if the same function has
// written to the same place.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "canon/lost_write.hpp"

namespace canon::cli {

class LostWriteList {
  public:
    /// Counts of one that is known are added up.
    void add(const LostWrite& write);
    /// In order of first appearance, at most kMaxEntries; `count` is of all frames.
    const std::vector<LostWrite>& entries() const noexcept { return entries_; }
    /// How many belong to no entry.
    std::uint64_t beyond() const noexcept { return beyond_; }

    static constexpr std::size_t kMaxEntries = 200;

  private:
    using Place = std::tuple<LostWrite::Kind, std::string, std::string, std::string, std::string>;
    std::map<Place, std::size_t> places_;
    std::vector<LostWrite> entries_;
    std::uint64_t beyond_ = 0;
};

}  // namespace canon::cli
