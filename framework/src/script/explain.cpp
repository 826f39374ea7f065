#include "script/explain.hpp"
#include "canon/json.hpp"

#include <algorithm>
#include <string>

namespace canon::script {
namespace {

const char* describe(Kill why) noexcept {
    switch (why) {
        case Kill::none:
            break;
        case Kill::overdue:
            return "stopped: it took too long; is there an endless loop?";
        case Kill::budget:
            return "stopped: it has spent its budget of instructions; is there an endless loop?";
        case Kill::work:
            return "stopped: it has spent its budget of library work";
        case Kill::memory:
            return "stopped: it has used up its memory";
        case Kill::output:
            return "stopped: it has asked for more actions or log text than one run may";
        case Kill::cancelled:
            return "cancelled";
    }
    return "stopped";
}

FaultKind fault_kind(Kill why) noexcept {
    switch (why) {
        case Kill::none:
            return FaultKind::error;
        case Kill::overdue:
        case Kill::budget:
            return FaultKind::budget;
        case Kill::work:
            return FaultKind::work;
        case Kill::memory:
            return FaultKind::memory;
        case Kill::output:
            return FaultKind::output;
        case Kill::cancelled:
            return FaultKind::cancelled;
    }
    return FaultKind::error;
}

void trace(lua_State* L, Fault& fault) {
    constexpr int kMaxLevels = 24;
    lua_Debug frame{};
    bool is_outermost_unnamed = false;
    std::string& text = fault.traceback;
    for (int level = 0; level < kMaxLevels && lua_getstack(L, level, &frame) != 0; ++level) {
        lua_getinfo(L, "Snl", &frame);
        if (frame.currentline <= 0) continue;
        if (fault.chunk.empty()) {
            fault.chunk = frame.short_src;
            fault.line = frame.currentline;
        }
        if (is_outermost_unnamed) text += "a function\n";
        text += std::string(frame.short_src) + ":" + std::to_string(frame.currentline) + ": in ";
        is_outermost_unnamed = frame.name == nullptr && frame.what[0] != 'm';
        if (!is_outermost_unnamed)
            text += std::string(frame.name != nullptr ? frame.name : "the module") + "\n";
    }
    // Lua cannot name the function that we have called, but we can.
    if (is_outermost_unnamed)
        text += (fault.function.empty() ? "a function" : fault.function) + "\n";
}

}  // namespace

void explain(lua_State* L, int status, Kill why, Fault& fault) {
    fault.kind = fault_kind(why);
    trace(L, fault);
    const std::string place =
        fault.chunk.empty() ? std::string() : fault.chunk + ":" + std::to_string(fault.line) + ": ";
    if (why != Kill::none) {
        fault.message = place + script::describe(why);
    } else if (status == LUA_YIELD) {
        fault.message = place + "coroutine.yield outside a coroutine: nobody would resume this job";
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        std::size_t size;
        const char* text = lua_tolstring(L, -1, &size);
        fault.message.assign(text, std::min<std::size_t>(size, 4096));
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        fault.message = place + "error value " +
                        (lua_isinteger(L, -1) ? std::to_string(lua_tointeger(L, -1))
                                              : float_text(lua_tonumber(L, -1)));
    } else {
        fault.message = place + "the error value is a " + lua_typename(L, lua_type(L, -1));
    }
}

}  // namespace canon::script
