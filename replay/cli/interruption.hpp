// Interruption: Ctrl-C asks a command to end after the frame under way; a second one ends the
// process.
#pragma once

namespace canon::cli {

/// From now on.
void catch_interruption();
bool is_interrupted() noexcept;

}  // namespace canon::cli
