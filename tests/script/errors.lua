-- Goal: what a script throws reaches its catcher unchanged; an engine error does so as one fixed text, since its own text
-- depends on Lua's patch release and, for the names of functions, on the hash seed.

local kEngineError = "engine error (its text is in the log)"
local function caught(f, ...) return select(2, pcall(f, ...)) end

-- Engine errors of every kind.
local rep = string.rep
local engine_errors = {
    function() return nil + 1 end, function() return ({}).x.y end, function() return 1 < "x" end, function() return {} .. "" end,
    function() return #5 end, function() undefined() end, function() return 1 // 0 end, function() return 1 & 1.5 end,
    function() for i = 1, 10, 0 do end end, function() rep() end, function() ("x"):rep({}) end, function() setmetatable(1, {}) end,
    function() local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x end,
    function() local function f() return 1 + f() end return f() end, function() string.format("%d", "x") end,
    function() return math.tointeger() end, function() local x <close> = 5 end, function() t = {} t[nil] = 1 end,
    function() t = {} t[0 / 0] = 1 end, function() return ("x"):find({}) end,
}
for i, f in ipairs(engine_errors) do assert(caught(f) == kEngineError, i) end

-- The script's own pass, of every type, with error's levels.
for _, value in ipairs{ "text", "", 5, 1.5, true, false, print, {} } do assert(rawequal(caught(error, value, 0), value)) end
assert(caught(error) == nil and select("#", pcall(error)) == 2)
local function thrower(level) error("here", level) end
local function caller(level) thrower(level) end
assert(caught(caller, 0) == "here")
assert(caught(caller, 1):find("^[^:]+:%d+: here$") and caught(caller, 2):find("^[^:]+:%d+: here$"))
assert(caught(caller, 1) ~= caught(caller, 2))
local object = setmetatable({}, { __tostring = function() return "object" end })
assert(caught(error, object) == object)
assert(caught(assert, false) == "assertion failed!" and caught(assert, nil, "mine") == "mine" and caught(assert, false, object) == object)
assert(select("#", assert(1, 2, 3)) == 3)

-- Thrown on, it is still the script's; an engine error's text cannot be guessed.
assert(caught(function() error(caught(error, "again", 0), 0) end) == "again")
local text = "guess:1: attempt to perform arithmetic on a nil value"
local fail = load("return nil + 1", "=guess")
assert(caught(error, text, 0) == text and caught(fail) == kEngineError)
coroutine.resume(coroutine.create(function() error(text, 0) end))
assert(caught(fail) == kEngineError)

-- Canon's own refusals are words of its own and pass.
assert(caught(pairs, { [{}] = 1 }):find("unordered key", 1, true))
assert(caught(rep, "x", 2^40):find("64 MiB", 1, true))
assert(caught(string.find, "x", "(") == "unfinished capture")

-- A __close metamethod sees what the catcher will see, and may protect calls of its own.
local seen
local function closing(action)
    return setmetatable({}, { __close = function(_, e) seen = e if action then action() end end })
end
assert(caught(function() local x <close> = closing() error("out", 0) end) == "out" and seen == "out")
assert(caught(function() local x <close> = closing() return nil + 1 end) == kEngineError and seen == kEngineError)
assert(caught(function() local x <close> = closing(function() pcall(error, "in") end) error("out", 0) end) == "out")
assert(caught(function() local x <close> = closing(function() pcall(nil) end) error("out", 0) end) == "out")
assert(caught(function() local x <close> = closing(function() pcall(error, "in") end) return nil + 1 end) == kEngineError)
assert(caught(function() local x <close> = closing(function() error("in", 0) end) error("out", 0) end) == "in" and seen == "out")
assert(caught(function() local x <close> = closing(function() return nil + 1 end) error("out", 0) end) == kEngineError)
assert(pcall(function() local x <close> = closing() end) and seen == nil)

-- Through coroutines: resume, wrap, close.
local ok, message = coroutine.resume(coroutine.create(function() error("own", 0) end))
assert(not ok and message == "own")
ok, message = coroutine.resume(coroutine.create(function() return nil + 1 end))
assert(not ok and message == kEngineError)
assert(caught(coroutine.wrap(function() error("own", 0) end)):find("own$"))
assert(caught(coroutine.wrap(function() return nil + 1 end)) == kEngineError)
assert(caught(coroutine.wrap(function() error(object) end)) == object)
assert(caught(coroutine.wrap(function() coroutine.wrap(function() error("deep", 0) end)() end)):find("deep$"))
for _, fail in ipairs{ function() error("own", 0) end, function() return nil + 1 end } do
    local expected = caught(fail)
    local co = coroutine.create(function() local x <close> = closing() fail() end)
    assert(select(2, coroutine.resume(co)) == expected)
    seen = nil
    local ok, message = coroutine.close(co)
    assert(not ok and message == expected and seen == expected)
    local wrapped = coroutine.wrap(function() local x <close> = closing() fail() end)
    seen = nil
    assert(not pcall(wrapped) and seen == expected)
end
local replacing = coroutine.wrap(function() local x <close> = closing(function() error("replaced", 0) end) error("first", 0) end)
assert(caught(replacing):find("replaced$") and seen == "first")

-- Syntax errors.
local f, message = load("x =")
assert(f == nil and message == kEngineError)
