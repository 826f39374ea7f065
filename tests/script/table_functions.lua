-- Goal: concat, insert, move, pack, remove, sort and unpack as in the manual: results, edges, errors, and by way of
-- metamethods.

local function text(t, first, last) return table.concat(t, " ", first, last) end

-- insert, remove.
local t = {}
assert(select("#", table.insert(t, "b")) == 0)
table.insert(t, 1, "a") table.insert(t, 3, "d") table.insert(t, 3, "c") table.insert(t, #t + 1, "e")
assert(text(t) == "a b c d e" and table.remove(t) == "e" and table.remove(t, 1) == "a" and table.remove(t, 2) == "c"
    and text(t) == "b d" and table.remove(t, #t + 1) == nil and text(t) == "b d")
assert(table.remove({}) == nil and table.remove({}, 0) == nil and table.remove({ [0] = "z" }, 0) == "z"
    and table.remove({ "only" }) == "only" and table.remove({}, 1) == nil)
for _, bad in ipairs{ 0, 4, -1, 100 } do assert(not pcall(table.insert, t, bad, "x")) end
for _, bad in ipairs{ 0, 4, -1 } do assert(not pcall(table.remove, t, bad)) end
assert(not pcall(table.insert, t) and not pcall(table.insert, t, 1, 2, 3) and not pcall(table.insert, 5, 1)
    and not pcall(table.insert, t, "x", 1) and not pcall(table.remove) and not pcall(table.insert, t, 1.5, 1)
    and text(t) == "b d")
t = {}
for i = 1, 100 do table.insert(t, 1, i) end
for i = 1, 50 do assert(table.remove(t, 1) == 101 - i) end
assert(#t == 50 and t[1] == 50 and t[50] == 1)

-- concat.
assert(table.concat({}) == "" and table.concat({ "a" }, ",") == "a"
    and table.concat({ "a", "b", "c" }, ", ") == "a, b, c" and table.concat({ 1, 2.5, -0.0 }, " ") == "1 2.5 -0.0"
    and table.concat({ "a", "b", "c" }, "", 2) == "bc")
assert(table.concat({ "a", "b", "c" }, "-", 2, 2) == "b" and table.concat({ "a", "b" }, "-", 3) == ""
    and table.concat({ "a" }, "-", 1, 0) == "" and table.concat({ [-1] = "x", [0] = "y" }, "", -1, 0) == "xy")
assert(not pcall(table.concat, { "a", {} }) and not pcall(table.concat, { "a" }, ",", 1, 2)
    and not pcall(table.concat, { true }) and not pcall(table.concat) and not pcall(table.concat, "x")
    and not pcall(table.concat, {}, {}))
assert(table.concat({ [math.maxinteger] = "end" }, "", math.maxinteger, math.maxinteger) == "end"
    and table.concat({ "a", "b" }, 1) == "a1b")

-- pack, unpack.
local packed = table.pack(nil, "x", nil)
assert(packed.n == 3 and packed[1] == nil and packed[2] == "x" and table.pack().n == 0 and #table.pack(1, 2) == 2)
assert(select("#", table.unpack({})) == 0 and select("#", table.unpack({ 1, 2 }, 1, 5)) == 5
    and select("#", table.unpack({ 1, 2, 3 }, 2)) == 2 and select(2, table.unpack({ 1, 2, 3 }, 2)) == 3
    and select("#", table.unpack({}, 5, 4)) == 0)
assert(table.unpack({ [-1] = "n", [0] = "z" }, -1, 0) == "n" and select("#", table.unpack(table.pack(nil, nil), 1,
    2)) == 2 and table.unpack({ [math.maxinteger] = 7 }, math.maxinteger, math.maxinteger) == 7
    and not pcall(table.unpack) and not pcall(table.unpack, {}, 1, 1e8))

-- move.
assert(text(table.move({ 1, 2, 3, 4 }, 2, 4, 1)) == "2 3 4 4" and text(table.move({ 1, 2, 3 }, 1, 3, 3)) == "1 2 1 2 3"
    and text(table.move({ 1, 2, 3 }, 1, 3, 1)) == "1 2 3")
local from, to = { 1, 2, 3 }, { 9, 9, 9, 9 }
assert(table.move(from, 1, 3, 2, to) == to and text(to) == "9 1 2 3" and text(from) == "1 2 3"
    and table.move(from, 3, 2, 1, to) == to and text(to) == "9 1 2 3" and table.move(from, 1, 0, 5) == from)
assert(table.move({ 1, nil, 3 }, 1, 3, 1, {})[2] == nil and not pcall(table.move, {}, 1, 2)
    and not pcall(table.move, 1, 1, 2, 3) and not pcall(table.move, {}, 0, math.maxinteger, 1)
    and not pcall(table.move, {}, 1, math.maxinteger, 2) and not pcall(table.move, {}, 1, 2, 3, "x"))
assert(table.move({ [math.maxinteger] = 5 }, math.maxinteger, math.maxinteger, 1)[1] == 5
    and table.move({ "a" }, 1, 1, math.mininteger)[math.mininteger] == "a")

-- sort: by <, by a function; mixed numbers; errors. That it is stable is in sort.lua.
local function sorted(list, less) table.sort(list, less) return text(list) end
assert(sorted({}) == "" and sorted({ 1 }) == "1" and sorted({ 3, 1, 2 }) == "1 2 3"
    and sorted({ "b", "a", "C" }) == "C a b" and sorted({ 2, 1.5, -1, 1 }) == "-1 1 1.5 2"
    and sorted({ 1, 2, 3 }, function(a, b) return a > b end) == "3 2 1")
assert(sorted({ 5, 5, 5 }) == "5 5 5" and select("#", table.sort({ 2, 1 })) == 0 and not pcall(table.sort, { 1, "a" })
    and not pcall(table.sort, { {}, {} }) and not pcall(table.sort, { 1, 2 }, 5) and not pcall(table.sort)
    and not pcall(table.sort, { 1, 2 }, error))
local many = {}
for i = 1, 1000 do many[i] = (i * 7919) % 1009 end
table.sort(many)
for i = 2, 1000 do assert(many[i - 1] <= many[i]) end

-- Metamethods are respected: __len, __index, __newindex.
local inner = { "a", "b", "c" }
local proxy = setmetatable({}, { __len = function() return #inner end, __index = inner, __newindex = inner })
table.insert(proxy, "d")
assert(table.remove(proxy, 1) == "a" and text(proxy) == "b c d" and select("#", table.unpack(proxy)) == 3
    and text(table.move(proxy, 1, 3, 1, {})) == "b c d" and next(proxy) == nil)
table.sort(proxy, function(a, b) return a > b end)
assert(text(inner) == "d c b" and not pcall(table.concat, setmetatable({}, { __len = function() return "x" end })))
