#include "cli/fault_list.hpp"

#include <fmt/format.h>

namespace canon::cli {

std::string job_of(const Fault& fault) {
    if (!fault.function.starts_with("jobs.") && !fault.function.starts_with("actions.")) return {};
    return fmt::format("{}:{}", fault.stamp.submission, fault.stamp.job);
}

void FaultList::add(const Fault& fault) {
    // Texts often name an id, so they tell faults apart only where nothing else does.
    Place place(fault.kind, fault.function, fault.chunk, fault.line,
                fault.line > 0 ? std::string() : fault.message);
    const auto found = places_.find(place);
    if (found == places_.end() && entries_.size() == kMaxEntries) {
        ++beyond_;
        return;
    }
    if (found == places_.end()) {
        places_.emplace(std::move(place), entries_.size());
        entries_.push_back({fault, 1, fault.frame.value});
        return;
    }
    Entry& entry = entries_[found->second];
    ++entry.count;
    entry.last_frame = fault.frame.value;
}

}  // namespace canon::cli
