// LostWrite: a change that a script made and nothing keeps: a likely mistake. Not part of the
// simulation and of no hash.
//
// Every run of a job, handler or callback begins with the program as it was loaded, so what it
// wrote to a global, to a variable outside of its function or to a table of a module is gone with
// it. So is what it changed in a table that engine.get gave, which is a copy, and what one job set
// where another one of the same frame sets later.
#pragma once
#include <cstdint>
#include <string>

#include "canon/ids.hpp"

namespace canon {

struct LostWrite {
    enum class Kind : std::uint8_t {
        global = 1,   ///< a global, or an entry of a table that a global leads to
        module,       ///< an entry of what a module returned, or of a table in it
        upvalue,      ///< a local variable outside of the function, or an entry of a table in it
        field,        ///< a table read from a field, changed and not set again
        overwritten,  ///< a field that two jobs have set in one frame, to different values
    };
    enum class Change : std::uint8_t { added, changed, removed };

    Kind kind = Kind::global;
    Change change = Change::changed;
    /// "counter", "shared.list[3]", "bag.items[2]"; of an overwritten field its name.
    std::string name;
    /// module: its name; upvalue: the function that it belongs to, "jobs.think (soldiers.lua:12)";
    /// field, overwritten: the template.
    std::string owner;
    std::string function;  ///< whose run it was: "jobs.think", "on_frame"
    std::string chunk;     ///< the file of that function, if known
    int line = 0;          ///< where that function is defined; 0 if unknown
    Frame frame;
    bool in_job = false;  ///< a job's; else a handler's or callback's
    Stamp stamp;          ///< of the job; of a handler, that of the action that it answered
    EntityId entity;      ///< field, overwritten: whose field
    /// overwritten: the job whose value is lost.
    std::string earlier_function{};
    Stamp earlier{};
    /// How many runs of the function have done it; what is said above is of the first.
    std::uint64_t count = 1;
};

const char* lost_write_name(LostWrite::Kind kind) noexcept;
const char* change_name(LostWrite::Change change) noexcept;

/// "jobs.think (soldiers.lua:12) has changed the global counter"
std::string describe(const LostWrite& write);

}  // namespace canon
