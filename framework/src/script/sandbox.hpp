// Sandbox: opens Lua's libraries as far as a level allows.
#pragma once
#include "canon/sandbox.hpp"
#include "script/lua.hpp"

namespace canon::script {

/// Opens the libraries as globals of `L`.
/// Call: in a protected call, with an empty stack, once for each state.
/// Fails: raises for an allowed name that the level does not have, with the nearest one.
void open_sandbox(lua_State* L, const Sandbox& sandbox);

/// Call: by collectgarbage, before a collection in a state with an image.
void expect_collection(lua_State* L);

}  // namespace canon::script
