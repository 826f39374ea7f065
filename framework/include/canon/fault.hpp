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
    std::string message;    ///< with chunk and line where it has them
    std::string chunk;      ///< the module's file, if known
    int line = 0;           ///< 0 if unknown
    std::string traceback;  ///< one call a line
};

/// "frame 12, job 3:17 of jobs.think: main.lua:7: attempt to ..."
std::string describe(const Fault& fault);

}  // namespace canon
