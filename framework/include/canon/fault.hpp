// Fault: a job, handler or callback that was stopped by an error or a limit. Faults are part of the
// simulation.
#pragma once
#include <cstdint>
#include <string>

#include "canon/ids.hpp"

namespace canon {

enum class FaultKind : std::uint8_t {
    error = 1,  ///< a Lua error that nothing caught
    budget,     ///< instructions spent: an endless loop, most likely
    work,       ///< library work spent
    memory,     ///< the first refused allocation
    output,     ///< more actions or log text than a run may ask for
    limit,      ///< rounds, posts, jobs in a frame, bytes put aside
    host,       ///< a C++ handler threw
    cancelled,  ///< by the host: of jobs of a ScriptRunner alone
};

const char* fault_name(FaultKind kind) noexcept;

struct Fault {
    FaultKind kind = FaultKind::error;
    Frame frame;
    Stamp stamp;  ///< of the job, or of the action that a handler answered; zero for callbacks
    bool in_job = false;   ///< a job's; else a handler's or callback's
    std::string function;  ///< "jobs.think", "actions.struck", "on_frame"
    // What follows explains; it is not hashed, since texts of errors differ between builds of Lua.
    std::string message;  ///< with chunk and line where it has them
    /// `message` is the engine's text, or the parser's, and not what a script has thrown or Canon
    /// says in words of its own: no script is told it.
    bool is_engine_text = false;
    std::string chunk;      ///< the module's file, if known
    int line = 0;           ///< 0 if unknown
    std::string traceback;  ///< one call a line
};

/// Whether a limit on instructions, library work, memory or output has ended the run: what differs
/// between builds of Lua, and is therefore an outcome that a replay is told.
bool is_kill(FaultKind kind) noexcept;

/// A run of a script that a limit has ended.
struct KilledRun {
    FaultKind kind = FaultKind::budget;
    bool in_job = false;
    Stamp stamp;            ///< in_job: of the job and its round
    std::uint32_t run = 0;  ///< else: counts the frame's runs of callbacks and handlers, from 0

    bool operator==(const KilledRun&) const = default;
};

/// "frame 12, job 3:17 of jobs.think: main.lua:7: attempt to ..."
std::string describe(const Fault& fault);

}  // namespace canon
