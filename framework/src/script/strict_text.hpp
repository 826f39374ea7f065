// Strict text: the text of a value as a script may see it: never an address.
//
// Numbers have the text that `..` gives them, everything else but strings and booleans the name of
// its type (or its metatable's `__name`), so that two tables look alike: an address would differ in
// every process.
#pragma once
#include <cstddef>

#include "script/lua.hpp"

namespace canon::script {

/// Pushes the text of the value at `index` and returns it. Honours `__tostring`, which may run any
/// script code.
const char* push_text(lua_State* L, int index, std::size_t* size = nullptr);

}  // namespace canon::script
