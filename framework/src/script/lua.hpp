// Canon's private Lua: the C API under its renamed symbols. Only files of this folder include it.
#pragma once
#include "canon_lua_rename.h"  // generated with the private copy; must come first

#include <lua.hpp>
