// Lua limits: how deeply a build of Lua nests calls, and which releases are taken at all.
//
// Both are part of what a program sees. Calls of C functions under way nest to a depth of our own
// (check_nesting), which takes Lua's count of them: it lies in a field that is found at start, as
// the one that each call inside another increases. A Lua with another limit of its own, or of a
// release in which other things differ than the fingerprint can tell, is refused.
#pragma once
#include <string>
#include <string_view>

#include "script/lua.hpp"

namespace canon::script {

/// Calls of C functions under way in `L` and the coroutines around it, one inside the other.
int call_depth(lua_State* L) noexcept;

/// Where a limit or the release is another one, or cannot be told, `why` says so and what to do.
bool limits_are_known(std::string& why);

/// Empty, or why a Lua of these releases is refused. Both say "Lua 5.4.4" somewhere; the headers'
/// word is LUA_RELEASE, the library's lua_ident.
std::string why_release_is_refused(std::string_view of_headers, std::string_view of_library);

/// "5.4.4": the library's own word.
std::string lua_release();

}  // namespace canon::script
