-- Goal: multiple assignment evaluates everything before it assigns, adjusts its values, and local variables start as
-- nil.

local a, b, c = 1, 2
assert(a == 1 and b == 2 and c == nil)
a, b = b, a
assert(a == 2 and b == 1)
a, b, c = 1, 2, 3, 4
assert(c == 3)
local i, t = 1, {}
i, t[i] = i + 1, 20
assert(i == 2 and t[1] == 20 and t[2] == nil, "the place t[i] is found before i changes")
i, t = 1, {}
t[i], i = 20, i + 1
assert(i == 2 and t[1] == 20 and t[2] == nil, "also where i comes behind it")
local x, y, z = 0, 1, 2
x, y, z = z, x, y
assert(x == 2 and y == 0 and z == 1)
local u = { 1, 2, 3 }
u[1], u[2], u[3] = u[3], u[1], u[2]
assert(table.concat(u) == "312")
local inner = { n = 1 }
local holder = { inner = inner }
holder, holder.inner = nil, 5
assert(holder == nil and inner.n == 1)

-- Locals.
local late = late
assert(late == nil)
local same, same = 1, 2
assert(same == 2)
do local a = a a = a + 1 assert(a == 2) end
assert(a == 1)

-- Globals live in _ENV.
function global_function() return "g" end
global_value = 5
assert(_G.global_function() == "g" and _ENV.global_value == 5 and _G == _ENV)
global_value = nil
assert(rawget(_G, "global_value") == nil)
do
    local _ENV = { assert = assert }
    w = 7
    assert(w == 7 and _ENV.w == 7)
end
assert(w == nil)
local function with(_ENV) return v end
assert(with({ v = 3 }) == 3)
assert(not pcall(function() local _ENV = nil return v end) and load("return v", "=load", "t", { v = 9 })() == 9)

-- Keys: any value but nil and NaN; a nil value takes the key away.
t = {}
t[true], t[1.5], t[print], t[t], t[""] = 1, 2, 3, 4, 5
assert(t[true] == 1 and t[1.5] == 2 and t[print] == 3 and t[t] == 4 and t[""] == 5 and t.missing == nil
    and t[nil] == nil and t[0 / 0] == nil)
assert(not pcall(function() t[nil] = 1 end) and not pcall(function() t[0 / 0] = 1 end))
t[true] = nil
assert(t[true] == nil and not pcall(function() local n n.x = 1 end) and not pcall(function() local n = 5 n.x = 1 end)
    and not pcall(function() return (5).x end))
