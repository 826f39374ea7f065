// Fingerprint: what of this machine and build could decide what scripts see.
//
// Two processes with the same fingerprint run any program alike ("exact"). With different ones
// ("canonical") programs still run alike if they keep to canonical operations: ordered `pairs`,
// lists without holes, no arena order, and limits that no run comes near or that a replay is told.
#pragma once
#include <cstdint>
#include <string>

#include "canon/detail/platform.hpp"

namespace canon {

/// What a simulation relies on.
enum class SimulationMode : std::uint8_t {
    exact,      ///< everything a script can see is the same under one fingerprint
    canonical,  ///< what canonical operations show is the same under any
};

struct Fingerprint {
    std::string lua;                 ///< "Lua 5.4.4", of the library itself, not of its header
    std::uint64_t layout_probe = 0;  ///< sizes of objects and how buffers grow
    std::uint64_t order_probe = 0;   ///< of string and object keys in tables with a fixed hash seed
    std::uint64_t math_probe = 0;    ///< of strict math
    std::uint32_t format = 0;        ///< of canonical bytes
    /// Empty, or why this build cannot run in exact mode.
    std::string not_exact;

    std::uint64_t digest() const;
    bool operator==(const Fingerprint&) const = default;
};

/// Of this process; computed when first asked for. Any thread.
const Fingerprint& fingerprint();

/// One line for each part.
std::string describe(const Fingerprint& fingerprint);
/// Empty where both are the same; else what differs and what follows from it, one line each.
std::string explain_difference(const Fingerprint& recorded, const Fingerprint& here);

}  // namespace canon
