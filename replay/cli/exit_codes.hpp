// Exit codes of the canon tool, one for each class of outcome, so that scripts can tell them apart.
#pragma once

namespace canon::cli {

enum ExitCode : int {
    kDone = 0,
    kFailed = 1,
    kUsage = 2,
    kNotLoaded = 3,
    kHashDiffers = 4,
    kBadInputs = 5,
    kFaulted = 6,
    kInterrupted = 130,
};

/// What --help says of them.
inline constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0    done (faults of scripts are part of a simulation: see --fail-on-fault)\n"
    "  1    the machine failed: no memory, output cannot be written, an error inside canon\n"
    "  2    wrong usage\n"
    "  3    the program cannot be loaded, or no simulation can be set up for it\n"
    "  4    the last state hash is not that of --expect-hash, or a frame differs under --chaos\n"
    "  5    the inputs file is wrong\n"
    "  6    --fail-on-fault was given and there were faults\n"
    "  130  interrupted by Ctrl-C, after the frame under way\n";

}  // namespace canon::cli
