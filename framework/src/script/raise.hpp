// Raise: errors that scripts may see, and what a script sees of an error that it catches.
//
// What a script throws, and what Canon says in words of its own by `raise`, reaches the catcher
// unchanged. The text of an engine error (arithmetic on nil, a bad argument, a syntax error)
// depends on Lua's patch release and on the hash seed, so scripts get kEngineError in its place and
// the text goes to the log, which no hash covers. An error that no script catches keeps its text
// for the fault.
//
// Only strings need telling apart: every error of the engine is one. The registry holds the string
// that throw_value is throwing, until the protected call's message handler, or the resume that
// failed, asks for it: which is at once.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// What stands for the text of an engine error.
inline constexpr char kEngineError[] = "engine error (its text is in the log)";

/// Call: once for each state, before any library is opened.
void open_raise(lua_State* L);

/// Throws the value on top as the script's own.
[[noreturn]] void throw_value(lua_State* L);

/// Throws a text, with the place of the Lua function that called the running C function in front.
/// `format` is lua_pushfstring's; no part of it may depend on the machine.
[[noreturn]] void raise(lua_State* L, const char* format, ...);

/// So many calls of C functions may be under way, one inside the other, where a library function
/// calls a script's function. Lua itself ends at 199, in words and with effects that are the
/// release's; what is left serves metamethods, which call without a library function between.
inline constexpr int kMaxNesting = 180;

/// Raises if there are so many. Call: before a library function calls what may call it again.
void check_nesting(lua_State* L);

/// Whether the error on top was thrown by throw_value just now, or is no text. Asking forgets it.
bool is_scripts_own(lua_State* L);

/// Logs the text on top and replaces it by kEngineError.
void hide_engine_error(lua_State* L);

/// The message handler of every protected call that hands an error to a script. As a handler it
/// comes before the __close metamethods, which are given the error too.
int filter_error(lua_State* L);

}  // namespace canon::script
