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

/// Where the seed cannot be set, `why` says so and what follows.
bool exact_mode_works(std::string& why);
/// Where budgets cannot be counted, in which case nothing works.
bool budgets_work(std::string& why);
/// For tests: from here on the seed cannot be set, as with an unknown build of Lua.
void force_unknown_seed(bool force) noexcept;

/// Hashes of what a fixed script makes of a heap: sizes of objects and growth of buffers; and the
/// order of string and object keys with a fixed hash seed. Equal for equal builds of Lua.
void probe_heap(std::uint64_t& layout, std::uint64_t& order);

}  // namespace canon::script
