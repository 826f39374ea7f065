#include "cli/lost_write_list.hpp"

namespace canon::cli {

void LostWriteList::add(const LostWrite& write) {
    Place place(write.kind, write.function, write.owner, write.name, write.earlier_function);
    const auto found = places_.find(place);
    if (found != places_.end()) {
        entries_[found->second].count += write.count;
    } else if (entries_.size() == kMaxEntries) {
        beyond_ += write.count;
    } else {
        places_.emplace(std::move(place), entries_.size());
        entries_.push_back(write);
    }
}

}  // namespace canon::cli
