-- Goal: next steps in the order of pairs, from any key, and next(t) is the least key or nil; what pairs returns can be
-- called as stock Lua's next.

local t = { 10, 20, 30, x = 1, y = 2, [0.5] = 3, [false] = 4, [-1] = 5 }
local order = {}
for key in pairs(t) do order[#order + 1] = key end

assert(next({}) == nil and next({ 5 }) == 1)
local first, value = next(t)
assert(first == -1 and value == 5)

local function stepped(step, t)
    local keys = {}
    local key, value = step(t)
    while key ~= nil do
        assert(t[key] == value)
        keys[#keys + 1] = key
        key, value = step(t, key)
    end
    assert(value == nil)
    return keys
end
local function same(a, b)
    assert(#a == #b)
    for i in ipairs(a) do assert(a[i] == b[i]) end
end
same(stepped(next, t), order)
local visits = {}
for key, value in next, t do visits[#visits + 1] = key assert(t[key] == value) end
same(visits, order)

-- From a key that no walk stands at, and from one that the table has not.
assert(next(t, 2) == 3 and next(t, 0.5) == 1 and next(t, "x") == "y" and next(t, false) == nil)
assert(next(t, 0) == 0.5 and next(t, 2.0) == 3 and next(t, "w") == "x" and next(t, "") == "x" and next(t, true) == nil)
assert(next(t, "xx") == "y" and next(t, -100) == -1)

-- Walks of many tables at once, one inside the other.
local tables = {}
for i = 1, 30 do tables[i] = { a = i, b = i, c = i } end
local keys = {}
for i = 1, 30 do keys[i] = next(tables[i]) end
for i = 1, 30 do assert(keys[i] == "a"); keys[i] = next(tables[i], keys[i]) end
for i = 1, 30 do assert(keys[i] == "b"); keys[i] = next(tables[i], keys[i]) end
for i = 1, 30 do assert(keys[i] == "c" and next(tables[i], keys[i]) == nil) end
local pairs_seen = 0
for a in next, tables[1] do
    for b in next, tables[1] do pairs_seen = pairs_seen + 1 end
end
assert(pairs_seen == 9)

-- The usual way to take entries out one by one.
local queue, taken = { b = 1, a = 2, c = 3 }, {}
while next(queue) do
    local key = next(queue)
    taken[#taken + 1] = key
    queue[key] = nil
end
assert(table.concat(taken) == "abc")

-- What pairs returns: a step, the table, nil. It can be called with another table, with any key, and again.
local step, state, control = pairs(t)
assert(state == t and control == nil and select("#", pairs(t)) == 3)
same(stepped(step, t), order)
same(stepped(step, t), order)
assert(step(t, 2) == 3 and step(t, "x") == "y" and step(t) == -1)
local other = { q = 1, p = 2 }
same(stepped(step, other), { "p", "q" })
local sequence_step = pairs{ 1, 2, 3 }
same(stepped(sequence_step, { 7, 8, z = 1 }), { 1, 2, "z" })
local nested = {}
for a in step, t do
    for b in step, t do nested[#nested + 1] = tostring(a) .. tostring(b) end
end
assert(#nested == #order * #order and nested[1] == "-1-1" and nested[#nested] == "falsefalse")

-- Errors.
assert(not pcall(next) and not pcall(next, 5) and not pcall(pairs) and not pcall(pairs, nil) and not pcall(step, 5))
assert(not pcall(next, {}, 0 / 0))

-- __pairs is honoured, and may yield.
local proxy = setmetatable({}, { __pairs = function(p) return function(_, k) if not k then return 1, p end end, p, nil end })
for key, value in pairs(proxy) do assert(key == 1 and value == proxy) end
local yielding = setmetatable({}, { __pairs = function(p) return coroutine.yield("in __pairs"), p, nil end })
local co = coroutine.wrap(function() for key in pairs(yielding) do return key end end)
assert(co() == "in __pairs" and co(function() return "given" end) == "given")
