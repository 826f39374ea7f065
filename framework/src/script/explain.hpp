// Explain: why a run has ended, as a Fault.
#pragma once
#include "canon/fault.hpp"
#include "script/lua.hpp"
#include "script/vm_context.hpp"

namespace canon::script {

/// Sets kind, message, chunk, line and traceback of `fault` from the state that a failed resume or
/// call has left: `status` is what it returned, the error value is on top. `fault.function` is set
/// already. Allocates nothing in the state, which may be out of memory.
void explain(lua_State* L, int status, Kill why, Fault& fault);

}  // namespace canon::script
