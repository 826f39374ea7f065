// Inputs file: the inputs of a session as JSON lines, for scripted players.
//
//     {"frame": 3, "source": 1, "data": {"kind": "rally", "x": 10}}
//
// "frame" is required and counts from 1; "source" is 0 if absent, "sequence" one more than that of
// the line before of the same source. Empty lines are skipped. The lines need no order by frame.
//
// Sources of the library's own have names (see canon::Input):
//
//     {"frame": 5, "source": "console", "data": "engine.set('match', 'wave', 9)"}
//     {"frame": 9, "source": "reload", "data": "../newer/soldiers"}
//
// What a reload brings is a program's path, relative to the file, or its modules as a dump shows
// them. Lines of the source "done" tell which jobs are delivered, as a dump of a live session has
// them.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "canon/error.hpp"
#include "canon/simulation.hpp"

namespace canon::cli {

class InputsFile {
  public:
    InputsFile() = default;
    /// Fails: throws canon::Error with file and line, and what is expected there, for the first
    /// wrong line.
    explicit InputsFile(const std::string& path);

    std::span<const Input> of_frame(std::uint64_t frame) const;
    /// Whether it tells when jobs with deliver = "done" are delivered.
    bool has_deliveries() const noexcept { return has_deliveries_; }
    /// How many are for frames after `frame`.
    std::size_t count_after(std::uint64_t frame) const;

  private:
    std::map<std::uint64_t, std::vector<Input>> by_frame_;
    bool has_deliveries_ = false;
};

}  // namespace canon::cli
