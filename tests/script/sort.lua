-- Goal: table.sort is stable, compares in a fixed sequence, and gives one result whatever the comparator does.
-- Method: lists of many shapes, checked against an insertion sort; comparators that lie, fail, and yield.

local function insertion_sorted(list, less)
    local out = {}
    for i = 1, #list do
        local at = i
        while at > 1 and less(list[i], out[at - 1]) do out[at] = out[at - 1]; at = at - 1 end
        out[at] = list[i]
    end
    return out
end
local function identical(a, b)
    assert(#a == #b)
    for i = 1, #a do
        assert(rawequal(a[i], b[i]) and math.type(a[i]) == math.type(b[i]))
        if a[i] == 0 and math.type(a[i]) == "float" then assert(1 / a[i] == 1 / b[i]) end
    end
end
local function by_default(a, b) return a < b end
local seed = 7
local function draw(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n end

local makers = {
    function() return draw(50) end,
    function() return draw(1000000) / 7 end,
    function() return draw(2) == 0 and draw(9) or draw(9) + 0.0 end,                 -- 3 and 3.0 are equal and differ
    function() return draw(3) == 0 and -0.0 or draw(3) == 0 and 0.0 or draw(3) - 1.5 end,  -- so are 0.0 and -0.0
    function() return ("abcdefgh"):rep(draw(3)) .. draw(40) end,
    function() return draw(2) == 0 and math.maxinteger - draw(3) or 2.0^63 end,
    function() return draw(2) == 0 and (1 << 53) + draw(5) or 2.0^53 + 2 * draw(3) end,  -- a float is not every integer
    function() return draw(2) == 0 and math.mininteger + draw(3) or -2.0^63 - 2048 * draw(2) end,
}
for _, make in ipairs(makers) do
    for size = 0, 90 do
        local list = {}
        for i = 1, size do list[i] = make() end
        local expected = insertion_sorted(list, by_default)
        local again = table.move(list, 1, size, 1, {})
        table.sort(again)
        identical(again, expected)
        table.sort(list, by_default)
        identical(list, expected)
    end
end

-- Ties keep their order: by comparator, and by __lt.
local Box = { __lt = function(a, b) return a.weight < b.weight end }
for _, size in ipairs{ 2, 9, 50, 400 } do
    local list = {}
    for i = 1, size do list[i] = setmetatable({ weight = draw(5), number = i }, Box) end
    local copy = table.move(list, 1, size, 1, {})
    table.sort(list, function(a, b) return a.weight < b.weight end)
    table.sort(copy)
    for i = 1, size do
        assert(list[i] == copy[i])
        if i > 1 then
            assert(list[i - 1].weight < list[i].weight
                or list[i - 1].weight == list[i].weight and list[i - 1].number < list[i].number)
        end
    end
end

-- The comparisons follow from the list: organ pipes, where stock Lua asks the clock.
local function comparisons(list)
    local seen = {}
    table.sort(list, function(a, b) seen[#seen + 1] = a.n .. "<" .. b.n return a.n < b.n end)
    return table.concat(seen, " ")
end
local function organ_pipe()
    local list = {}
    for i = 1, 200 do list[i] = { n = i <= 100 and i or 201 - i } end
    return list
end
assert(comparisons(organ_pipe()) == comparisons(organ_pipe()))

-- NaN: behind all other numbers by default; wherever, but always the same, with a comparator.
local nan = 0 / 0
local list = { 3, nan, 1.5, nan, -math.huge, 2, math.huge }
table.sort(list)
assert(table.concat(list, " ") == "-inf 1.5 2 3 inf nan nan")
local floats = { 2.5, nan, 0.5 }
table.sort(floats)
assert(floats[1] == 0.5 and floats[2] == 2.5 and floats[3] ~= floats[3])

-- Comparators that contradict themselves give a permutation and no error.
for _, lie in ipairs{ function() return true end, function() return false end, function(a, b) return a ~= b end,
                      function() return draw(2) == 0 end } do
    local list, count = {}, {}
    for i = 1, 300 do list[i] = i end
    table.sort(list, lie)
    for _, value in ipairs(list) do count[value] = (count[value] or 0) + 1 end
    assert(#list == 300)
    for i = 1, 300 do assert(count[i] == 1) end
end
local kept = { 5, 3, 4 }
table.sort(kept, function() return false end)
assert(table.concat(kept) == "534", "all equal: nothing moves")

-- A comparator that fails leaves the list as it was; what it writes to the list is lost.
local list = { 3, 1, 2, 5, 4 }
local calls = 0
local ok, message = pcall(table.sort, list, function(a, b) calls = calls + 1 if calls == 4 then error("enough", 0) end return a < b end)
assert(not ok and message == "enough" and table.concat(list) == "31254")
table.sort(list, function(a, b) list[1] = 99 return a < b end)
assert(table.concat(list) == "12345")
assert(not pcall(coroutine.wrap(function() table.sort({ 2, 1 }, function() coroutine.yield() end) end)))

-- Lists that cannot be ordered, and arguments that are none.
for _, bad in ipairs{ { 1, "x" }, { {}, {} }, { true, false }, { 1, 2, print } } do assert(not pcall(table.sort, bad)) end
assert(not pcall(table.sort) and not pcall(table.sort, 5) and not pcall(table.sort, { 2, 1 }, 5))
table.sort({})
table.sort({ {} })
table.sort({ {} }, function() error("not called for one element") end)

-- A list behind metamethods.
local inner = { 3, 1, 2 }
local proxy = setmetatable({}, {
    __index = function(_, i) return inner[i] end,
    __newindex = function(_, i, value) inner[i] = value end,
    __len = function() return #inner end,
})
table.sort(proxy)
assert(table.concat(inner) == "123" and rawlen(proxy) == 0)
table.sort(proxy, function(a, b) return a > b end)
assert(table.concat(inner) == "321")
