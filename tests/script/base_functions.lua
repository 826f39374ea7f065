-- Goal: the basic functions as in the manual: arguments, results, errors.

local function caught(f, ...) return select(2, pcall(f, ...)) end

-- assert, error.
assert(select("#", assert(1, nil, 3)) == 3 and assert("v") == "v" and not pcall(assert)
    and caught(assert, false, "m") == "m" and caught(assert, nil) == "assertion failed!")
assert(caught(assert, false, nil) == nil and caught(error, "m", 0) == "m" and caught(error, nil) == nil
    and caught(error, 5) == 5)
local thrown = {}
assert(caught(error, thrown) == thrown and caught(assert, false, thrown) == thrown)

-- getmetatable, setmetatable.
local meta = {}
assert(setmetatable({}, meta) and getmetatable(setmetatable({}, meta)) == meta and getmetatable({}) == nil
    and getmetatable(1) == nil and not pcall(getmetatable))
assert(getmetatable(setmetatable(setmetatable({}, meta), nil)) == nil and not pcall(setmetatable, {})
    and not pcall(setmetatable, {}, 1))

-- type.
assert(type(nil) == "nil" and type(1) == "number" and type(1.5) == "number" and type("") == "string"
    and type({}) == "table" and type(print) == "function")
assert(type(true) == "boolean" and type(coroutine.create(print)) == "thread" and not pcall(type)
    and type(nil, 1) == "nil")

-- rawequal, rawget, rawset, rawlen: without metamethods.
local quiet = setmetatable({}, { __index = error, __newindex = error, __eq = error, __len = error })
assert(rawget(quiet, "x") == nil and rawset(quiet, "x", 1) == quiet and rawget(quiet, "x") == 1
    and rawequal(quiet, quiet) and not rawequal(quiet, {}) and rawlen(quiet) == 0)
assert(rawlen({ 1, 2 }) == 2 and rawlen("four") == 4 and not pcall(rawlen) and not pcall(rawlen, 1)
    and not pcall(rawget, 1, 1) and not pcall(rawset, {}, nil, 1) and not pcall(rawset, {}, 1)
    and not pcall(rawequal, 1))

-- select.
assert(select(1, "a", "b") == "a" and select("#", select(2, "a", "b", "c")) == 2
    and select("#", select(4, "a", "b", "c")) == 0 and select(-2, "a", "b", "c") == "b")
assert(select("#") == 0 and select("#", nil) == 1 and not pcall(select, 0, 1) and not pcall(select, -2, 1)
    and not pcall(select) and not pcall(select, {}) and not pcall(select, 1.5))

-- ipairs: up to the first nil, by way of __index, the list as it is at each step.
local list, seen = { 1, 2, nil, 4 }, 0
for i, v in ipairs(list) do seen = i end
assert(seen == 2)
list = { 1 }
for i, v in ipairs(list) do if i < 5 then list[i + 1] = i end seen = i end
assert(seen == 5)
local step, state, first = ipairs(list)
assert(type(step) == "function" and state == list and first == 0 and select("#", step(list, 5)) == 1
    and step(list, 1) == 2 and ipairs("text") and not pcall(ipairs))

-- next and pairs.
assert(next({}) == nil and next({ 5 }) == 1 and select(2, next({ 5 })) == 5 and next({ 5 }, 1) == nil
    and not pcall(next) and not pcall(next, 1))
local t, total, keys = { 1, 2, 3, x = 10, y = 20, [2.5] = 30 }, 0, 0
for k, v in pairs(t) do total = total + v keys = keys + 1 end
assert(total == 66 and keys == 6)
for k in pairs(t) do t[k] = nil end
assert(next(t) == nil and not pcall(pairs) and not pcall(function() for _ in pairs(nil) do end end)
    and not pcall(function() for _ in pairs(5) do end end))
t = { a = 1, b = 2 }
for k in pairs(t) do t[k] = 9 end
assert(t.a == 9 and t.b == 9)

-- pcall, xpcall.
assert(select("#", pcall(error)) == 2 and pcall(print == print and type, 1) and select(2, pcall(type, 1)) == "number")
local ok, message, more = xpcall(function(...) error((select("#", ...)), 0) end, function(m) return m, "dropped" end, 1,
    nil)
assert(ok == false and message == 2 and more == nil and select("#", xpcall(function() return 1, nil end, print)) == 3)

-- load.
local chunk = load("local a, b = ... return b, a")
assert(chunk(1, 2) == 2 and select("#", chunk(1)) == 2 and load("x = 1 return x", "c", "t", {})() == 1
    and rawget(_G, "x") == nil)
local pieces = { "return", " 1", nil }
local i = 0
assert(load(function() i = i + 1 return pieces[i] end)() == 1 and select("#", load("?")) == 2 and load("?") == nil)

-- tonumber and tostring are in coercions.lua. _G, _VERSION.
assert(_VERSION == "Lua 5.4" and _G._G == _G and _G.type == type and tonumber("10") == 10 and tostring(10) == "10")

-- require: the strict libraries by their names; what is not there is named as other modules expect.
if require and engine then
    for _, name in ipairs{ "_G", "coroutine", "math", "string", "table",
        "utf8" } do assert(rawequal(require(name), _G[name])) end
    assert(caught(require, "no.such"):find("module 'no.such' not found", 1, true)
        and caught(require, "no.such"):find("no/such/init.lua", 1, true))
    for _, name in ipairs{ "io", "os", "debug", "package" } do
        assert(caught(require, name):find("module '" .. name .. "' not found: strict Lua has no " .. name .. " library",
            1, true))
    end
    assert(not pcall(require) and not pcall(require, {}) and not pcall(require, ""))
end
