#include "script/lua_probe.hpp"

#include <cstring>
#include <utility>

#include "script/vm_context.hpp"

namespace canon::script {
namespace {

void* allocate(void* arena, void* block, std::size_t old_size, std::size_t new_size) {
    return static_cast<Arena*>(arena)->reallocate(block, old_size, new_size);
}

struct Pin {
    std::uint32_t seed;
    bool set_aside;
    int calls = 0;
    char* first = nullptr;
    std::size_t first_size = 0;
    bool done = false;
};
thread_local Pin* pin = nullptr;

void* allocate_first(void* arena, void* block, std::size_t old_size, std::size_t new_size) {
    void* result = static_cast<Arena*>(arena)->reallocate(block, old_size, new_size);
    if (new_size == 0 || pin == nullptr) return result;
    if (++pin->calls == 1) {
        pin->first = static_cast<char*>(result);
        pin->first_size = new_size;
        if (pin->set_aside) static_cast<Arena*>(arena)->set_aside();
    } else if (pin->calls == 2 && pin->first != nullptr) {
        constexpr std::size_t kSeedDistance = 96;
        lua_Alloc allocator = allocate_first;
        for (char* at = pin->first; at + kSeedDistance + 4 <= pin->first + pin->first_size; at += 8)
            if (std::memcmp(at, &allocator, 8) == 0 && std::memcmp(at + 8, &arena, 8) == 0) {
                std::memcpy(at + kSeedDistance, &pin->seed, 4);
                pin->done = true;
                break;
            }
    }
    return result;
}

void ignore_hook(lua_State*, lua_Debug*) {}

// Finds two neighbouring ints with the count just set, of which the second runs down.
std::size_t find_hook_count(lua_State* L) {
    constexpr int kCount = 0x13572468;
    constexpr std::size_t kSearch = 256;  // lua_State and the global state behind it are larger
    lua_sethook(L, ignore_hook, LUA_MASKCOUNT, kCount);
    std::size_t found = 0;
    for (std::size_t offset = 4; offset < kSearch; offset += 4) {
        int pair[2];
        std::memcpy(pair, reinterpret_cast<char*>(L) + offset - 4, sizeof pair);
        if (pair[0] == kCount && pair[1] == kCount) found = offset;
    }
    if (found == 0 || luaL_loadstring(L, "for i = 1, 10 do end") != LUA_OK) return 0;
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) return 0;
    int left;
    std::memcpy(&left, reinterpret_cast<char*>(L) + found, sizeof left);
    lua_sethook(L, nullptr, 0, 0);
    return left < kCount - 9 && left > kCount - 100 ? found : 0;
}

// The order in which `pairs` of stock Lua would visit 64 string keys.
std::string key_order(std::uint32_t seed, bool& pinned, std::size_t* hook_offset) {
    Arena arena(
        std::size_t{1} << 20, [](void*, bool) {}, nullptr);
    lua_State* L = new_pinned_state(arena, seed, pinned);
    std::string order;
    if (L == nullptr) return order;
    lua_newtable(L);
    for (int i = 0; i < 64; ++i) {
        const std::string key = "key" + std::to_string(i);
        lua_pushinteger(L, i);
        lua_setfield(L, -2, key.c_str());
    }
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        order += std::to_string(lua_tointeger(L, -1)) + ' ';
        lua_pop(L, 1);
    }
    if (hook_offset != nullptr) *hook_offset = find_hook_count(L);
    lua_close(L);
    return order;
}

struct Layout {
    std::size_t hook_count = 0;
    std::string why;
};

Layout probe() {
    Layout layout;
    bool pinned[3] = {};
    const std::string first = key_order(1, pinned[0], &layout.hook_count);
    const std::string second = key_order(1, pinned[1], nullptr);
    const std::string other = key_order(2, pinned[2], nullptr);
    if (!pinned[0] || !pinned[1] || first != second || first == other || first.empty())
        layout.why =
            "the hash seed of this build of Lua cannot be set: tables would have another order in "
            "each process. "
            "Build with Lua 5.4.0 to 5.4.8 for a 64-bit system";
    else if (layout.hook_count == 0)
        layout.why =
            "the instruction counter of this build of Lua was not found: budgets would not be "
            "exact. "
            "Build with Lua 5.4.0 to 5.4.8 for a 64-bit system";
    return layout;
}

const Layout& layout() {
    static const Layout probed = probe();
    return probed;
}

}  // namespace

lua_State* new_pinned_state(Arena& arena, std::uint32_t hash_seed, bool& pinned, bool set_aside) {
    Pin state{hash_seed, set_aside};
    pin = &state;
    lua_State* L = lua_newstate(allocate_first, &arena);
    pin = nullptr;
    pinned = state.done;
    if (L != nullptr) lua_setallocf(L, allocate, &arena);
    return L;
}

int hook_count(lua_State* L) noexcept {
    int count;
    std::memcpy(&count, reinterpret_cast<char*>(L) + layout().hook_count, sizeof count);
    return count;
}

bool exact_mode_works(std::string& why) {
    why = layout().why;
    return why.empty();
}

}  // namespace canon::script
