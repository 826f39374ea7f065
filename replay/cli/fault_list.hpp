// Fault list: folds faults that repeat. A fault is the same again if it has the kind, function and
// place of one before.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "canon/fault.hpp"

namespace canon::cli {

/// The job that failed, or that asked for the action that failed: "3:17", its submission in the
/// frame and its index in that. Empty for a callback (on_frame and the like), which belongs to no
/// job.
std::string job_of(const Fault& fault);

class FaultList {
  public:
    struct Entry {
        Fault first;
        std::uint64_t count = 0;
        std::uint64_t last_frame = 0;
    };

    void add(const Fault& fault);
    /// In order of first appearance, at most kMaxEntries.
    const std::vector<Entry>& entries() const noexcept { return entries_; }
    /// How many belong to no entry.
    std::uint64_t beyond() const noexcept { return beyond_; }

    static constexpr std::size_t kMaxEntries = 50;

  private:
    using Place = std::tuple<FaultKind, std::string, std::string, int, std::string>;
    std::map<Place, std::size_t> places_;
    std::vector<Entry> entries_;
    std::uint64_t beyond_ = 0;
};

}  // namespace canon::cli
