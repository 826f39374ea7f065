// Canon's half: it uses the private Lua and checks what that takes from the C library. Prints a
// digest of its math.
#include "canon_lua_rename.h"

#include <clocale>
#include <cstdio>
#include <lua.hpp>

namespace {

constexpr const char* kProgram = R"lua(
local function expect(name, found, wanted)
    if found ~= wanted then error(name .. ': found ' .. tostring(found) .. ', expected ' .. tostring(wanted), 0) end
end
local nan = 0.0 / 0.0
expect('square root', string.format('%.17g', 2^0.5), '1.4142135623730951')
expect('root of minus zero', 1 / (-0.0)^0.5, math.huge)
expect('root of minus infinity', (-math.huge)^0.5, math.huge)
expect('constant power', string.format('%.17g', 3.7^1.3), '5.478507257274714')
expect('NaN as text', nan .. ' ' .. -nan, 'nan nan')
expect('NaN in a field', string.format('[%8.2f][%-8g][%G]', -nan, nan, -nan), '[     nan][nan     ][NAN]')
expect('address as text', tostring({}), 'table: (address)')
expect('address in a field', string.format('[%12p]', {}), '[   (address)]')
expect('order of strings', 'B' < 'a' and 'z' < '\xc3\xa9', true)
expect('number with a point', tonumber('1.5'), 1.5)
expect('letters', ('\xe9'):match('%a'), nil)
expect('time', os.time({ year = 2000, month = 1, day = 1 }) ~= nil and os.time(), 0)
expect('clock', os.clock(), 0.0)
expect('environment', os.getenv('PATH'), nil)

local state, digest = 1, 0
local function draw()
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 11) * 2.0^-53
end
local functions = {
    function(a, b) return (50 * a) ^ (20 * b - 10) end,
    function(a) return math.exp(200 * a - 100) end,
    function(a, b) return math.log(1000 * a) + math.log(a, 2) + math.log(b, 10) end,
    function(a) return math.sin(1e4 * a) end,
    function(a) return math.cos(1e4 * a) end,
    function(a) return math.tan(1e4 * a) end,
    function(a) return math.asin(a) end,
    function(a) return math.acos(a) end,
    function(a, b) return math.atan(a - 0.5, b - 0.5) end,
}
for _, f in ipairs(functions) do
    for _ = 1, 20000 do digest = digest * 31 + string.unpack('<i8', string.pack('<d', f(draw(), draw()))) end
end
return string.format('%016x', digest)
)lua";

}  // namespace

int check_private_lua() {
    std::setlocale(LC_ALL, "");  // whatever the user's locale is, it must not show
    lua_State* L = luaL_newstate();
    luaL_openlibs(L);
    const int status = luaL_dostring(L, kProgram);
    std::puts(lua_tostring(L, -1));
    lua_close(L);
    return status == LUA_OK ? 0 : 1;
}
