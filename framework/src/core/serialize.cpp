#include "canon/serialize.hpp"

namespace canon {

DumpArchive::DumpArchive(std::string& out, std::string_view prefix)
    : OutputArchive(this), out_(out), path_(prefix) {}

void DumpArchive::put_line(std::string_view text, std::string_view suffix) {
    out_ += path_;
    out_ += suffix;
    out_ += ": ";
    out_ += text;
    out_ += '\n';
}

void DumpArchive::set_name(std::string_view name) { segment_.assign(1, '.').append(name); }

void DumpArchive::set_key(std::string_view key) { segment_.assign(1, '[').append(key).append("]"); }

void DumpArchive::begin_field() {
    const std::size_t size_before = path_.size();
    if (segment_.empty() && !open_.empty())
        segment_ = "[" + std::to_string(open_.back().unnamed++) + "]";
    // A path without prefix begins with a name.
    const bool is_first = path_.empty() && segment_.starts_with('.');
    path_ += std::string_view(segment_).substr(is_first ? 1 : 0);
    segment_.clear();
    open_.push_back({.path_size = size_before});
}

void DumpArchive::end_field() {
    path_.resize(open_.back().path_size);
    open_.pop_back();
}

}  // namespace canon
