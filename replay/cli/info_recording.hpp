// What canon info tells of a recording.
#pragma once
#include <string>

namespace canon::cli {

/// Prints it and returns the exit code. `reads_all`: also where an index is there.
int info_recording(const std::string& file, bool reads_all, bool as_json);

}  // namespace canon::cli
