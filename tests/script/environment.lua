-- Goal: a script finds what the allow-list names and nothing else, however Lua was built.

local allowed = {
    _G = false, _VERSION = false, assert = false, error = false, getmetatable = false, ipairs = false, load = false, next = false,
    pairs = false, pcall = false, print = false, rawequal = false, rawget = false, rawlen = false, rawset = false, select = false,
    setmetatable = false, tonumber = false, tostring = false, type = false, xpcall = false,
    coroutine = "close create isyieldable resume running status wrap yield",
    math = "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad random randomseed sin sqrt tan tointeger type ult",
    string = "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    table = "concat insert move pack remove sort unpack",
    utf8 = "char charpattern codepoint codes len offset",
}
for name, members in pairs(allowed) do
    assert(_G[name] ~= nil, name)
    if members then
        local found = {}
        for member in pairs(_G[name]) do found[#found + 1] = member end
        assert(table.concat(found, " ") == members, name)
    end
end
-- Canon's own are added to these; they have other names than stock Lua's.
for _, name in ipairs{ "collectgarbage", "dofile", "loadfile", "loadstring", "warn", "package", "module", "io", "os", "debug", "bit32", "unpack",
                       "setfenv", "getfenv", "newproxy", "jit" } do
    assert(rawget(_G, name) == nil, name)
end
for _, name in ipairs{ "pow", "cosh", "sinh", "tanh", "log10", "ldexp", "frexp" } do assert(math[name] == nil, name) end
assert(_G._G == _G and _VERSION == "Lua 5.4" and getmetatable(_G) == nil)
local ok, message = pcall(math.randomseed, 1)
assert(not ok and message:find("not available", 1, true))
