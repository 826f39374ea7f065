// Action writer: how engine functions begin and end an action in the run's bytes.
#pragma once
#include "script/action.hpp"
#include "script/lua.hpp"
#include "script/raise.hpp"
#include "script/vm.hpp"

namespace canon::script {

inline constexpr std::size_t kMaxActionBytes = 16 << 20;

inline void put_id(Bytes& out, EntityId id) {
    out.put_varint(static_cast<std::uint64_t>(id.value));
}

/// Begins an action, over what an error may have left of one, and returns where it begins.
inline std::size_t begin_action(lua_State* L, Operation operation) {
    VmContext& run = context(L);
    run.actions.truncate(run.actions_whole);
    run.actions.put(static_cast<std::uint8_t>(operation));
    return run.actions_whole;
}

/// After the last byte of an action: limits in a job, application on the main thread.
inline void end_action(lua_State* L, std::size_t begin) {
    VmContext& run = context(L);
    if (run.mode != Mode::main) [[likely]] {
        if (run.actions.size() - run.actions_begin > kMaxActionBytes) kill(L, Kill::output);
        run.actions_whole = run.actions.size();
        return;
    }
    const char* problem = run.main->apply(run.actions.view(begin, run.actions.size()));
    run.actions.truncate(begin);
    if (problem != nullptr) raise(L, "%s", problem);
}

/// Stops the job until its call, the last action written, is answered. Raises where Lua cannot be
/// left half-way. Returns what the C function returns.
int stop_for_answer(lua_State* L);
/// Raises unless `stop_for_answer` can stop here; `module` and `function` are what the script
/// calls.
void check_can_stop(lua_State* L, const char* module, const char* function);

}  // namespace canon::script
