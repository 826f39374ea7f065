// Sandbox: what of Lua's own libraries a script can reach.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "canon/detail/platform.hpp"

namespace canon {

struct Sandbox {
    enum class Level : std::uint8_t {
        /// What simulations run in: nothing shows the machine, see docs/DETERMINISM.md.
        strict,
        /// Ordinary Lua without file and process access: besides strict's functions `pairs` in
        /// stock order over any keys, texts of all errors, the clock by os.time, os.clock, os.date,
        /// os.difftime; weak tables, collectgarbage, debug.traceback, debug.getinfo, all of
        /// string.pack and string.format. No finalizers: one runs where no limit can stop it.
        view,
        /// Everything: io, os, debug, package with Lua files, bytecode, finalizers. No C modules:
        /// they would look for a Lua whose symbols have other names.
        trusted,
    };

    Level level = Level::strict;
    /// Not empty: of the level's functions and tables these alone: "string", "math.floor", "print".
    /// Canon's own (engine, jobs, require, the host's functions) are always there.
    std::vector<std::string> allowed = {};

    /// "strict", "view" or "trusted".
    /// Fails: throws canon::Error for another name, with the nearest one.
    static Level level_named(std::string_view name);
};

/// "strict", "view", "trusted"
const char* sandbox_name(Sandbox::Level level) noexcept;

}  // namespace canon
