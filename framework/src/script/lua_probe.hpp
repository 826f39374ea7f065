// Lua probe: the two things about a build of Lua that Canon must know and that its API does not
// tell.
//
// The string hash seed mixes the clock and addresses. lua_newstate sets it between its first two
// allocations, so the allocator can overwrite it at its second call: it lies 96 bytes behind the
// adjacent pair {allocator, user data} (Lua 5.4.0 to 5.4.8, LP64). And the count hook's remaining
// instructions, which a budget carries from one coroutine to another, lie in a field that is found
// by setting a hook with a known count. Both are tested at start and fail closed.
#pragma once
#include <cstdint>
#include <string>

#include "script/arena.hpp"
#include "script/lua.hpp"

namespace canon::script {

/// A state in `arena` with its hash seed set. Null if memory is short; `pinned` tells whether the
/// seed was found.
/// `set_aside`: the page of the global state keeps its rest free, see Arena::set_aside.
lua_State* new_pinned_state(Arena& arena, std::uint32_t hash_seed, bool& pinned,
                            bool set_aside = false);

/// Instructions left before the count hook of `L` fires.
int hook_count(lua_State* L) noexcept;

/// Where the probes fail, `why` says which and what follows.
bool exact_mode_works(std::string& why);

}  // namespace canon::script
