-- Goal: pairs visits keys in an order that follows from the keys alone: numbers ascending, strings bytewise, false, true.
-- Method: build tables in many orders of insertion, with deletions between, and compare the walk with the sorted keys.

local function walk(t)
    local keys = {}
    for key, value in pairs(t) do
        assert(rawequal(t[key], value))
        keys[#keys + 1] = key
    end
    return keys
end

local function same(keys, expected, what)
    assert(#keys == #expected, what)
    for i, key in ipairs(expected) do assert(rawequal(keys[i], key) and math.type(keys[i]) == math.type(key), what) end
end

-- Every kind of key at once; 2^53 + 1 is no float, and lies between two that are keys as well.
local sorted = {
    -math.huge, math.mininteger, -2^62 // 1 | 0, -7.5, -7, -1, -0.25, 0, 5e-324, 0.5, 1, 1.5, 2, 3, 4, 10, 11, 2^53 // 1 | 0,
    (2^53 // 1 | 0) + 1, math.maxinteger, 2^63, 1e300, math.huge,
    "", "\0", "\0a", "A", "Z", "a", "a\0", "a\0b", "ab", "abcdefgh", "abcdefgh\0", "abcdefghi", "abcdefgi", "b", "\x7f", "\x80", "\xff",
    ("k"):rep(50) .. "1", ("k"):rep(50) .. "2", false, true,
}
table.sort(sorted, function(a, b)  -- by type first; the standard sort has no order for mixed keys
    local rank = { number = 1, string = 2, boolean = 3 }
    if type(a) ~= type(b) then return rank[type(a)] < rank[type(b)] end
    if type(a) == "boolean" then return not a and b end
    return a < b
end)

local function shuffled(list, seed)
    local out = table.move(list, 1, #list, 1, {})
    for i = #out, 2, -1 do
        seed = (seed * 1103515245 + 12345) % 2147483648
        local j = seed // 65536 % i + 1
        out[i], out[j] = out[j], out[i]
    end
    return out
end

for seed = 1, 60 do
    local t = {}
    for i, key in ipairs(shuffled(sorted, seed)) do t[key] = i end
    same(walk(t), sorted, "all kinds, seed " .. seed)
    -- Junk that comes and goes changes where entries lie.
    for i = 1, seed * 3 do t["junk" .. i] = i; t[i + 100.5] = i end
    for i = 1, seed * 3 do t["junk" .. i] = nil; t[i + 100.5] = nil end
    same(walk(t), sorted, "after junk, seed " .. seed)
end

-- More keys than fit the quick paths, with one beginning and with many.
for _, beginning in ipairs{ "", "a_long_common_beginning_" } do
    local names = {}
    for i = 1, 700 do names[i] = beginning .. (i * 7919 % 1000) .. ("x"):rep(i % 13) end
    local t, list, seen = {}, {}, {}
    for _, name in ipairs(names) do
        t[name] = true
        if not seen[name] then seen[name] = true; list[#list + 1] = name end
    end
    table.sort(list)
    same(walk(t), list, "names")
end
local sparse, list = {}, {}
for i = 1, 500 do
    local key = i * 7919 % 10007 - 5000
    sparse[key] = i
    list[i] = key
end
table.sort(list)
same(walk(sparse), list, "sparse integers")

-- Sequences, with what lies before, in and behind them.
for size = 0, 70 do
    local t, expected = {}, {}
    for i = 1, size do t[i] = i; expected[i] = i end
    same(walk(t), expected, "sequence")
    t.name = 1
    expected[#expected + 1] = "name"
    same(walk(t), expected, "sequence and name")
    t[0] = 0
    table.insert(expected, 1, 0)
    same(walk(t), expected, "sequence from 0")
    t[1.5] = 1
    local at = size >= 1 and 3 or 2
    table.insert(expected, at, 1.5)
    same(walk(t), expected, "sequence with 1.5")
end
for hole = 1, 20 do
    local t, expected = {}, {}
    for i = 1, 20 do t[i] = i end
    t[hole] = nil
    for i = 1, 20 do if i ~= hole then expected[#expected + 1] = i end end
    same(walk(t), expected, "hole")
end
local backwards, upwards = {}, {}
for i = 40, 1, -1 do backwards[i] = i end
for i = 1, 40 do upwards[i] = i end
same(walk(backwards), upwards, "filled from behind")

-- A walk visits the keys of the moment when it began: neither new ones, nor those removed before their turn.
local function churn(t)
    local visits = {}
    for key in pairs(t) do
        visits[#visits + 1] = key
        for i = 1, 20 do t["new" .. key .. i] = true; t[1000 + i] = true end
        if key == "b" then t.c = nil end
        if key == 2 then t[3] = nil end
        t[key] = nil
    end
    return visits
end
same(churn{ a = 1, b = 2, c = 3, d = 4 }, { "a", "b", "d" }, "removed and added names")
same(churn{ 10, 20, 30, 40 }, { 1, 2, 4 }, "removed and added elements")
local t = { 1, 2, 3, nil, 5 }
local visits = {}
for key in pairs(t) do visits[#visits + 1] = key; t[4] = 4; t[6] = 6 end
same(visits, { 1, 2, 3, 5 }, "a filled hole is new")

-- Clearing every field while walking, which stock Lua allows, works with any number of them.
local big = {}
for i = 1, 300 do big["f" .. i] = i end
for key in pairs(big) do big[key] = nil end
assert(next(big) == nil)
