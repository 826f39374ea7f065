-- Goal: pcall and xpcall as in the manual, but that xpcall's handler runs after unwinding; both may be yielded across.

local function all(...) return table.concat({ ... }, " ") end
assert(select("#", pcall(function() end)) == 1 and select("#", pcall(function() return nil, nil end)) == 3)
assert(select(3, pcall(select, 2, "a", "b", "c")) == "c")
assert(not pcall(pcall) and not pcall(xpcall) and not pcall(xpcall, print) and not pcall(xpcall, print, 5))
assert(pcall(5) == false and pcall(nil) == false)
local callable = setmetatable({}, { __call = function(_, a, b) return a + b end })
assert(select(2, pcall(callable, 2, 3)) == 5 and select(2, xpcall(callable, print, 2, 3)) == 5)

assert(all(select(2, xpcall(function(...) return ... end, error, 1, 2, 3))) == "1 2 3")
local unwound
local ok, message = xpcall(function()
    local x <close> = setmetatable({}, { __close = function() unwound = true end })
    error("m", 0)
end, function(e)
    assert(unwound, "the handler runs after unwinding")
    return e .. "!", "a second result is dropped"
end)
assert(not ok and message == "m!")
assert(select("#", xpcall(error, function() return 1, 2, 3 end)) == 2)
assert(select("#", xpcall(error, function() end)) == 2)
assert(select(2, xpcall(error, function() error("in the handler", 0) end)) == "in the handler")

-- A deep recursion ends in an error, and everything works afterwards.
local function recurse() return 1 + recurse() end
for _ = 1, 3 do assert(not pcall(recurse)) end
local function nest(n) return pcall(nest, n + 1) end
assert(nest(1) == true)

-- Yields pass through both, through their errors, and through the handler.
local log = {}
local co = coroutine.wrap(function()
    log[#log + 1] = all(tostring(pcall(function(a) return coroutine.yield(a) end, 1)))
    local ok, e = pcall(function() coroutine.yield(2) error("e", 0) end)
    log[#log + 1] = tostring(ok) .. e
    ok, e = xpcall(function() coroutine.yield(3) error("x", 0) end, function(m) return m .. coroutine.yield(4) end)
    log[#log + 1] = tostring(ok) .. e
    return "end"
end)
assert(co() == 1 and co("r") == 2 and co() == 3 and co() == 4 and co("h") == "end")
assert(table.concat(log, " ") == "true falsee falsexh")
