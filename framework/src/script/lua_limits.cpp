#include "script/lua_limits.hpp"

#include <cstdint>
#include <cstring>

namespace canon::script {
namespace {

constexpr std::size_t kSearchBytes = 256;  // lua_State and the global state behind it are larger

// How a lua_State looks in each of some calls, one inside the other.
struct Calls {
    static constexpr int kCount = 4;
    int count = 0;
    unsigned char states[kCount][kSearchBytes];
};

int look_inside(lua_State* L) {
    auto& calls = *static_cast<Calls*>(lua_touserdata(L, 1));
    std::memcpy(calls.states[calls.count++], L, kSearchBytes);
    if (calls.count == Calls::kCount) return 0;
    lua_pushcfunction(L, look_inside);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

// Finds the one number that grows with each call: by one in its lower half, where Lua counts calls,
// and by one in its upper, where it counts those that cannot yield.
std::size_t find_call_depth(lua_State* L) {
    constexpr std::uint32_t kStep = 0x10001;
    Calls calls;
    lua_pushcfunction(L, look_inside);
    lua_pushlightuserdata(L, &calls);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK || calls.count != Calls::kCount) return 0;
    std::size_t found = 0;
    for (std::size_t offset = 0; offset < kSearchBytes; offset += 4) {
        std::uint32_t before = 0, now = 0;
        bool grows = true;
        for (int call = 0; call < Calls::kCount; ++call, before = now) {
            std::memcpy(&now, calls.states[call] + offset, sizeof now);
            grows = grows && (call == 0 || now - before == kStep);
        }
        if (!grows) continue;
        if (found != 0) return 0;
        found = offset;
    }
    return found;
}

int depth_at(lua_State* L, std::size_t offset) noexcept {
    std::uint16_t depth;
    std::memcpy(&depth, reinterpret_cast<char*>(L) + offset, sizeof depth);
    return depth;
}

struct Descent {
    std::size_t offset;
    int deepest;
};

int descend(lua_State* L) {
    auto& descent = *static_cast<Descent*>(lua_touserdata(L, 1));
    descent.deepest = depth_at(L, descent.offset);
    lua_pushcfunction(L, descend);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

// The deepest call before Lua refuses one more.
int find_deepest_call(lua_State* L, std::size_t offset) {
    Descent descent{offset, 0};
    lua_pushcfunction(L, descend);
    lua_pushlightuserdata(L, &descent);
    const int status = lua_pcall(L, 1, 0, 0);
    lua_settop(L, 0);
    return status == LUA_OK ? 0 : descent.deepest;
}

// The "5.4.4" in a text that says "Lua 5.4.4".
std::string release_in(std::string_view text) {
    constexpr std::string_view kLua = "Lua ";
    const std::size_t begin = text.find(kLua);
    if (begin == std::string_view::npos) return "unknown";
    const std::string_view release = text.substr(begin + kLua.size());
    return std::string(release.substr(0, release.find_first_not_of("0123456789.")));
}

// The limits of Lua that scripts can come up against: they are part of what a program sees, so a
// build with others is refused. Lua's stack of values: LUAI_MAXSTACK, here as in all releases.
constexpr int kDeepestCall = 199;
static_assert(LUAI_MAXSTACK == 1'000'000, "canon: this Lua ends a recursion at another depth");

struct Limits {
    std::size_t call_depth = 0;
    std::string why;
};

Limits probe() {
    Limits limits;
    constexpr const char* kBuild = "; build with Lua 5.4.4 to 5.4.8 for a 64-bit system";
    lua_State* const L = luaL_newstate();
    if (L == nullptr) {
        limits.why = "not enough memory to look at Lua";
        return limits;
    }
    limits.call_depth = find_call_depth(L);
    const int deepest = limits.call_depth == 0 ? 0 : find_deepest_call(L, limits.call_depth);
    lua_close(L);
    limits.why = why_release_is_refused(LUA_RELEASE, lua_ident);
    if (!limits.why.empty()) return limits;
    if (limits.call_depth == 0)
        limits.why = std::string("the count of nested calls of this build of Lua was not found") +
                     ": it would be Lua's own limit that scripts come up against" + kBuild;
    else if (deepest != kDeepestCall)
        limits.why = "this build of Lua nests " + std::to_string(deepest) + " calls and not " +
                     std::to_string(kDeepestCall) +
                     ": scripts would end at another depth than elsewhere" + kBuild +
                     ", LUAI_MAXCCALLS unchanged";
    return limits;
}

const Limits& limits() {
    static const Limits probed = probe();
    return probed;
}

}  // namespace

int call_depth(lua_State* L) noexcept { return depth_at(L, limits().call_depth); }

bool limits_are_known(std::string& why) {
    why = limits().why;
    return why.empty();
}

// Before 5.4.4 errors in __close and yields in __pairs had other effects, and up to 5.4.3 the
// headers do not tell which release they are of.
std::string why_release_is_refused(std::string_view of_headers, std::string_view of_library) {
    const std::string headers = release_in(of_headers), library = release_in(of_library);
    if (headers != library)
        return "Lua's headers are of release " + headers + " and its library is of " + library +
               ": install both from one package";
    if (library.size() != 5 || library < "5.4.4" || library > "5.4.8")
        return "the library is of Lua " + library +
               ", with which scripts would see something else; build with Lua 5.4.4 to 5.4.8";
    return {};
}

std::string lua_release() { return release_in(lua_ident); }

}  // namespace canon::script
