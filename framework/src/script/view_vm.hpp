// ViewVm: the Lua of a view: libraries of any sandbox level, a state that lasts, memory from the
// heap up to a limit, and calls that end within a limit of time.
//
// Nothing here is deterministic, and nothing of it reaches the simulation but the inputs that the
// script asks for.
//
// Threads: used by one thread at a time.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "canon/fault.hpp"
#include "canon/host_function.hpp"
#include "canon/program.hpp"
#include "canon/sandbox.hpp"
#include "canon/world.hpp"
#include "script/engine_arguments.hpp"
#include "script/vm_context.hpp"

namespace canon::script {

class ViewVm {
  public:
    struct Setup {
        std::shared_ptr<const Program> program;
        std::string module;
        Sandbox sandbox;
        std::size_t memory_bytes;
        std::int64_t call_milliseconds;
        std::vector<HostFunction> functions;
        std::shared_ptr<const Schema> schema;
    };

    /// What a call may read; all of it may be missing.
    struct Shown {
        const World* world = nullptr;
        Frame frame;
        std::span<const std::uint8_t> effects;
    };

    /// Runs the module.
    /// Fails: throws canon::Error with the message and place of its error.
    explicit ViewVm(Setup setup);
    ~ViewVm();
    ViewVm(const ViewVm&) = delete;
    ViewVm& operator=(const ViewVm&) = delete;

    bool has_function(const char* name) const;
    /// Calls a global function with canonical values, and puts what it returns, as one value, into
    /// `result`. False if it failed: see `fault`; what it has asked for is dropped then.
    bool call(const char* name, const Shown& shown, std::span<const std::uint8_t> values,
              std::uint32_t count, Value& result);

    const Fault& fault() const noexcept { return fault_; }
    /// Canonical values, one after the other, of the last call.
    const Bytes& inputs() const noexcept { return context_.actions; }
    /// Of the last call, or of loading.
    const Bytes& log() const noexcept { return context_.log; }

  private:
    friend struct ViewVmAccess;
    bool learn_templates(const World& world);
    static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
    int protect(lua_CFunction function);

    Setup setup_;
    VmContext context_;
    NameTable fields_, templates_;
    bool knows_templates_ = true;
    lua_State* L_ = nullptr;
    std::size_t held_ = 0;
    bool limited_ = false;
    // Of the call under way.
    const char* function_ = nullptr;
    std::span<const std::uint8_t> values_;
    std::uint32_t count_ = 0;
    Bytes result_;
    std::span<const std::uint8_t> effects_;
    Fault fault_;
};

/// engine.effects([template]) of a view: an iterator of kind, id, field, value after, value before,
/// cell (of an array, from 1).
int view_effects(lua_State* L);

}  // namespace canon::script
