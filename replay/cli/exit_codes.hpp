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
    kOtherProgram = 7,
    kOtherBuild = 8,
    kDamaged = 9,
    kNoRecording = 10,
    kInterrupted = 130,
};

/// What --help says of them.
inline constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0    done (faults of scripts are part of a simulation: see --fail-on-fault)\n"
    "  1    the machine failed: no memory, output cannot be written, an error inside canon\n"
    "  2    wrong usage\n"
    "  3    the program cannot be loaded, or no simulation can be set up for it\n"
    "  4    the last state hash is not that of --expect-hash, a frame differs under --chaos, or\n"
    "       a replay from its recording (verify: diverged), or two recordings\n"
    "  5    the inputs file is wrong\n"
    "  6    --fail-on-fault was given and there were faults\n"
    "  7    the recording is of another program, or of a host that is not there\n"
    "  8    the recording needs the build that made it, and this is another\n"
    "  9    the recording is damaged or torn: something of it is lost\n"
    "  10   there is no recording, or nothing of it can be used\n"
    "  130  interrupted by Ctrl-C, after the frame under way\n";

}  // namespace canon::cli
