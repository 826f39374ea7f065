// Program: the set of Lua modules that a simulation runs, with its content digest.
//
// Modules are compiled once, when the program is made; every VM loads the same bytecode in the same
// order. `main` runs first; others when they are first required: `require "ai.targets"` finds
// ai/targets.lua, or else ai/targets/init.lua. Immutable, so any thread may use it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/value.hpp"

namespace canon {

struct Module {
    std::string name;    ///< as `require` knows it: "main", "ai.targets"
    std::string source;  ///< Lua text
    std::string file{};  ///< what messages call it; empty: as `module_file` says
};

class Program {
  public:
    /// A folder with a main.lua, or that main.lua: every .lua file below the folder is a module,
    /// but for those with another dot in their path, which no `require` could name. Or another .lua
    /// file, which is a program of one module.
    /// Fails: throws canon::Error for what cannot be read and for a missing main.lua; and, with
    /// file and line, if `main` is no Lua. A module that is no Lua fails where it is required.
    static std::shared_ptr<const Program> from_path(const std::filesystem::path& path);
    /// Fails: throws canon::Error for a missing "main" or one that is no Lua, and a name used
    /// twice.
    static std::shared_ptr<const Program> from_modules(std::vector<Module> modules);

    /// Sorted by name.
    std::span<const Module> modules() const noexcept { return modules_; }
    /// Of all names and sources, and of files whose names do not follow from the modules'.
    std::uint64_t digest() const noexcept { return digest_; }

    /// The compiled form of modules()[index], empty where it is no Lua; for the library's own use,
    /// never taken from outside.
    std::span<const std::uint8_t> bytecode(std::size_t index) const noexcept {
        return bytecode_[index].view();
    }
    /// Why modules()[index] is no Lua, with file and line; empty where it is.
    const std::string& syntax_error(std::size_t index) const noexcept {
        return syntax_errors_[index];
    }
    /// The index of a module, or modules().size().
    std::size_t find(std::string_view name) const noexcept;

  private:
    Program() = default;
    std::vector<Module> modules_;
    std::vector<Bytes> bytecode_;
    std::vector<std::string> syntax_errors_;
    std::uint64_t digest_ = 0;
};

/// A list of maps with `name`, `source` and `file`, as recordings and reloads have it.
Value value_of(std::span<const Module> modules);
/// Fails: throws canon::Error that names what is missing or of another type.
std::vector<Module> modules_of(const Value& value);

/// "ai/targets.lua" for "ai.targets".
std::string module_file(std::string_view name);

}  // namespace canon
