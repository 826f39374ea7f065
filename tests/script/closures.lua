-- Goal: closures share the variables they close over, each entry of a block makes new ones, and they outlive their
-- block.

local function counter()
    local n = 0
    return function() n = n + 1 return n end, function() return n end, function(value) n = value end
end
local up, get, set = counter()
local other = counter()
assert(up() == 1 and up() == 2 and get() == 2 and other() == 1 and get() == 2)
set(10)
assert(up() == 11 and get() == 11)

-- A variable is shared while its block still runs, and afterwards.
local shared, change
do
    local x = 1
    shared, change = function() return x end, function(value) x = value end
    x = 2
    assert(shared() == 2)
    change(3)
    assert(x == 3)
end
change(4)
assert(shared() == 4)

-- Loops.
local functions = {}
for i = 1, 3 do local square = i * i functions[i] = function() square = square + 1 return i, square end end
assert(select(2, functions[2]()) == 5 and select(2, functions[2]()) == 6 and select(2, functions[3]()) == 10
    and functions[1]() == 1)
local i = 0
while i < 3 do i = i + 1 local j = i functions[i] = function() return j, i end end
assert(functions[1]() == 1 and functions[3]() == 3 and select(2, functions[1]()) == 3)
i = 0
repeat local j = i functions[j] = function() return j end i = i + 1 until j == 2
assert(functions[0]() == 0 and functions[2]() == 2)

-- Through several levels, and parameters and varargs' copies.
local function level1(a)
    return function(b)
        return function(c) a = a + 1 b = b + 10 return a, b, c end
    end
end
local level2 = level1(0)
local one, two = level2(0), level2(100)
assert(select(2, one(0)) == 10 and select(2, two(0)) == 110 and one(0) == 3 and two(0) == 4 and select(2, one(0)) == 30)

-- Many upvalues, and recursion where each call has its own.
local lines = {}
for n = 1, 60 do lines[#lines + 1] = "local v" .. n .. " = " .. n end
lines[#lines + 1] = "return function() return 0"
for n = 1, 60 do lines[#lines + 1] = " + v" .. n end
lines[#lines + 1] = " end"
assert(load(table.concat(lines, "\n"))()() == 60 * 61 // 2)
local kept = {}
local function nest(n) if n > 0 then kept[n] = function() n = n + 0.5 return n end nest(n - 1) end end
nest(5)
assert(kept[5]() == 5.5 and kept[5]() == 6.0 and kept[1]() == 1.5)

-- Over coroutines and errors.
local n = 0
local co = coroutine.wrap(function()
    local k = 0
    while true do
        k = k + 1
        n = n + k
        coroutine.yield(function() k = k + 100 return k end)
    end
end)
local first = co()
assert(n == 1 and first() == 101 and co()() == 202 and n == 103 and first() == 302)
local escaped
assert(not pcall(function() local x = 1 escaped = function() x = x + 1 return x end error("out") end) and escaped() == 2
    and escaped() == 3)
