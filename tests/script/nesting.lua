-- Goal: how deeply calls nest is the same in a job, a handler and on each machine: 180 through functions of the library,
-- in words of our own; 199 where Lua alone calls, by metamethods, and about 195 levels in what load is given.

-- How often `descend` is entered, one inside the other, and the error that ends it.
local function depth_of(descend)
    local depth, message = 0, nil
    local function enter() depth = depth + 1 end
    local ok, e = pcall(descend, enter)
    return depth, ok or e
end
local function again(call)
    return function(enter)
        local function go() enter() return call(go) end
        go()
    end
end
local function rethrow(ok, e) if not ok then error(e, 0) end end
local own = "calls are nested too deeply (the limit is 180)"
for name, call in pairs{
    pcall = function(go) rethrow(pcall(go)) end,
    xpcall = function(go) rethrow(xpcall(go, function(e) return e end)) end,
    gsub = function(go) string.gsub("x", "x", go) end,
    sort = function(go) table.sort({ 2, 1 }, go) end,
    tostring = function(go) tostring(setmetatable({}, { __tostring = go })) end,
    format = function(go) string.format("%s", setmetatable({}, { __tostring = go })) end,
    pairs = function(go) pairs(setmetatable({}, { __pairs = go })) end,
    load = function(go) local _, e = load(go) error(e, 0) end,
} do
    local depth, message = depth_of(again(call))
    assert(depth >= 179 and depth <= 181, name .. depth)
    assert(message:find(own, 1, true), name .. ": " .. message)
end

-- What catches its error goes on, and nothing is left of the depth.
local function nest(n) local ok, deepest = pcall(nest, n + 1) return ok and deepest or n end
for _ = 1, 3 do assert(nest(1) == nest(1) and nest(1) > 170) end

-- Metamethods: Lua's own end, which is an engine error.
local function by_metamethod(event, act)
    return function(enter)
        local meta = {}
        local t = setmetatable({}, meta)
        meta[event] = function() enter() return act(t) end
        act(t)
    end
end
for event, act in pairs{
    __index = function(t) return (t[1]) end, __newindex = function(t) t[1] = 1 end,
    __add = function(t) return (t + 1) end, __concat = function(t) return (t .. "") end,
    __lt = function(t) return (t < t) end, __len = function(t) return (#t) end, __unm = function(t) return (-t) end,
} do
    local depth, message = depth_of(by_metamethod(event, act))
    assert(depth >= 196 and depth <= 197 and message:find("engine error", 1, true), event .. depth)
end

-- Coroutines: at most 80, and together with other calls as deep as these alone.
assert(depth_of(again(function(go) coroutine.wrap(go)() end)) == 81)
local together, message = depth_of(again(function(go) rethrow(pcall(coroutine.wrap(function() rethrow(pcall(go)) end))) end))
assert(together > 40 and together < 80 and message:find(own, 1, true))

-- The compiler: text that nests deeper is an error as any other in a text.
local function parentheses(n) return load("return " .. ("("):rep(n) .. "1" .. (")"):rep(n)) end
local function functions(n) return load(("return function() "):rep(n) .. (" end"):rep(n)) end
local function blocks(n) return load(("do "):rep(n) .. (" end"):rep(n)) end
local function deepest(compiles)
    for n = 1, 250 do if not compiles(n) then return n - 1 end end
end
assert(parentheses(190)() == 1 and deepest(parentheses) >= 190 and deepest(parentheses) < 199)
assert(deepest(blocks) >= 190 and deepest(blocks) < 199 and deepest(functions) >= 95 and deepest(functions) < 100)
