// Host functions as scripts see them: a global table for each module, a closure for each function.
#pragma once
#include "canon/host_function.hpp"
#include "script/lua.hpp"

namespace canon::script {

/// Opens those of the context.
void open_host_functions(lua_State* L);

}  // namespace canon::script
