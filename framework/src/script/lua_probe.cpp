#include "script/lua_probe.hpp"

#include <atomic>
#include <cstring>
#include <utility>

#include "canon/hash.hpp"
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
std::atomic<bool> seed_is_unknown{false};  // for tests

void* allocate_first(void* arena, void* block, std::size_t old_size, std::size_t new_size) {
    void* result = static_cast<Arena*>(arena)->reallocate(block, old_size, new_size);
    if (new_size == 0 || pin == nullptr) return result;
    if (++pin->calls == 1) {
        pin->first = static_cast<char*>(result);
        pin->first_size = new_size;
        if (pin->set_aside) static_cast<Arena*>(arena)->set_aside();
    } else if (pin->calls == 2 && pin->first != nullptr && !seed_is_unknown) {
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

// What the heap of a fixed script is like, with a fixed hash seed.
struct Heap {
    bool pinned = false;
    std::string keys;     ///< the order in which stock Lua would visit string keys
    std::string objects;  ///< the same of tables and functions, and of long strings
    std::string sizes;    ///< bytes held and taken after each step
    std::size_t hook_count = 0;
};

// Each step leaves something behind. Libraries are not needed.
constexpr const char* kSteps[] = {
    "local t = {} for i = 1, 100 do t[i] = i end list = t",
    "local t = {} for i = 1, 100 do t['field' .. i] = i * 0.5 end record = t",
    "local s = '' for i = 1, 60 do s = s .. i .. ',' end text = s",
    ("functions = {} for i = 1, 20 do local n = i "
     "functions[i] = function() n = n + 1 return n end end"),
    "local function f(n, ...) if n > 0 then return 1 + f(n - 1, n, ...) end return 0 end f(60)",
    "objects = {} for i = 1, 40 do objects[i % 2 == 0 and {} or function() return i end] = i end",
    "long = {} for i = 1, 20 do long[('x' .. i .. 'y'):len() .. text .. i] = i end",
};

void note_sizes(const Arena& arena, std::string& out) {
    for (const std::uint64_t number : {arena.state().live, arena.state().peak, arena.state().top})
        out += std::to_string(number) + ' ';
}

// The values of a global table of numbers, in the order of stock Lua.
std::string order_of(lua_State* L, const char* name) {
    std::string order;
    lua_getglobal(L, name);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        order += std::to_string(lua_tointeger(L, -1)) + ' ';
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return order;
}

Heap probe_with(std::uint32_t seed) {
    Heap heap;
    Arena arena(
        std::size_t{1} << 20, [](void*, bool) {}, nullptr);
    lua_State* L = new_pinned_state(arena, seed, heap.pinned);
    if (L == nullptr) return heap;
    luaopen_string(L);  // for methods of strings
    lua_settop(L, 0);
    note_sizes(arena, heap.sizes);
    for (const char* step : kSteps) {
        // By length: a cache goes by the address of texts without one.
        if (luaL_loadbuffer(L, step, std::strlen(step), "=p") != LUA_OK ||
            lua_pcall(L, 0, 0, 0) != LUA_OK)
            heap.sizes += "failed ";
        lua_settop(L, 0);
        note_sizes(arena, heap.sizes);
    }
    lua_newtable(L);
    for (int i = 0; i < 64; ++i) {
        const std::string key = "key" + std::to_string(i);
        lua_pushlstring(L, key.data(), key.size());
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
    lua_setglobal(L, "keys");
    heap.keys = order_of(L, "keys");
    heap.objects = order_of(L, "objects") + order_of(L, "long");
    heap.hook_count = find_hook_count(L);
    lua_close(L);
    return heap;
}

struct Layout {
    std::size_t hook_count = 0;
    std::string why_not_exact;
    std::uint64_t sizes = 0, order = 0;
};

std::uint64_t digest_of(const std::string& text) {
    Hasher hasher;
    hasher.update_string(text);
    return hasher.digest();
}

Layout probe() {
    Layout layout;
    const Heap first = probe_with(1), second = probe_with(1), other = probe_with(2);
    layout.hook_count = first.hook_count;
    layout.sizes = digest_of(first.sizes);
    layout.order = digest_of(first.keys + first.objects);
    if (!first.pinned || !second.pinned || first.keys != second.keys || first.keys == other.keys ||
        first.objects != second.objects || first.keys.empty())
        layout.why_not_exact =
            "the hash seed of this build of Lua cannot be set: tables would have another order in "
            "each process. Build with Lua 5.4.0 to 5.4.8 for a 64-bit system";
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
    why = seed_is_unknown ? probe().why_not_exact : layout().why_not_exact;
    return why.empty();
}

bool budgets_work(std::string& why) {
    if (layout().hook_count != 0) return true;
    why =
        "the instruction counter of this build of Lua was not found: budgets would not be exact. "
        "Build with Lua 5.4.0 to 5.4.8 for a 64-bit system";
    return false;
}

void force_unknown_seed(bool force) noexcept {
    layout();
    seed_is_unknown = force;
}

void probe_heap(std::uint64_t& sizes, std::uint64_t& order) {
    sizes = layout().sizes;
    order = layout().order;
}

}  // namespace canon::script
