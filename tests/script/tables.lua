-- Goal: insert, remove, move, concat, pack and unpack as in the manual, behind metamethods too, and with largest sizes.

local function list(...) return table.concat({ ... }, ",") end
local t = { 1, 2, 3 }
table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 3, 1.5)
assert(table.concat(t, " ") == "0 1 1.5 2 3 4")
for _, position in ipairs{ 0, -1, 8, 2^40 // 1 | 0, math.mininteger } do assert(not pcall(table.insert, t, position, 1)) end
assert(not pcall(table.insert, t) and not pcall(table.insert, t, 1, 2, 3) and not pcall(table.insert, nil, 1) and not pcall(table.insert, 5, 5))
assert(table.remove(t) == 4 and table.remove(t, 1) == 0 and table.remove(t, 2) == 1.5 and table.concat(t, " ") == "1 2 3")
assert(table.remove({}) == nil and table.remove({}, 0) == nil and table.remove({ 1 }, 2) == nil and table.remove({ [0] = "z" }, 0) == "z")
assert(not pcall(table.remove, t, 7) and not pcall(table.remove, t, 0) and not pcall(table.remove, t, -1))

assert(list(table.unpack(table.move({ 1, 2, 3 }, 1, 3, 2))) == "1,1,2,3" and list(table.unpack(table.move({ 1, 2, 3 }, 2, 3, 1))) == "2,3,3")
assert(list(table.unpack(table.move({ 1, 2, 3 }, 1, 3, 1, { 9 }))) == "1,2,3" and #table.move({ 1 }, 1, 0, 5) == 1)
assert(not pcall(table.move, {}, 1, math.maxinteger, 2) and not pcall(table.move, {}, -1, math.maxinteger, 2) and not pcall(table.move, {}, 1, 2, 3, 5))

assert(table.concat({}) == "" and table.concat({ 1, 2.5, "x" }, ", ") == "1, 2.5, x" and table.concat({ 1, 2, 3 }, "", 2, 3) == "23")
assert(table.concat({ 1, 2 }, "-", 3) == "" and table.concat({ [5] = "a", [6] = "b" }, "+", 5, 6) == "a+b")
local ok, message = pcall(table.concat, { 1, {}, 3 })
assert(not ok and message:find("a table at index 2", 1, true))
assert(not pcall(table.concat, { 1, nil, 3 }, "", 1, 3) and not pcall(table.concat, { ("x"):rep(2^25 // 1 | 0), ("x"):rep(2^25 // 1 | 0), "y" }))

local packed = table.pack(1, nil, 3, nil)
assert(packed.n == 4 and packed[1] == 1 and packed[2] == nil and packed[3] == 3 and table.pack().n == 0)
assert(list(table.unpack({ 1, 2, 3 }, 2)) == "2,3" and select("#", table.unpack({}, 1, 3)) == 3 and select("#", table.unpack({ 1 }, 5)) == 0)
assert(select("#", table.unpack({}, 1, 100000)) == 100000)
for _, range in ipairs{ { 1, 100001 }, { 1, 2^40 // 1 | 0 }, { math.mininteger, math.maxinteger }, { 0, math.maxinteger } } do
    local ok, message = pcall(table.unpack, {}, range[1], range[2])
    assert(not ok and message:find("too many results", 1, true))
end

-- Behind metamethods.
local inner = { 1, 2, 3 }
local proxy = setmetatable({}, {
    __index = function(_, i) return inner[i] end, __newindex = function(_, i, value) inner[i] = value end, __len = function() return #inner end,
})
table.insert(proxy, 4) table.insert(proxy, 1, 0)
assert(table.remove(proxy, 2) == 1 and table.concat(proxy, " ") == "0 2 3 4" and list(table.unpack(proxy)) == "0,2,3,4")
table.move(proxy, 1, 2, 3)
assert(table.concat(inner, " ") == "0 2 0 2" and next(proxy) == nil)
assert(not pcall(table.insert, setmetatable({}, { __len = function() return "x" end }), 1))

-- ipairs goes by __index and stops at the first nil; select, raw access.
local squares = setmetatable({}, { __index = function(_, i) if i < 4 then return i * i end end })
local seen = {}
for i, value in ipairs(squares) do seen[i] = value end
assert(list(table.unpack(seen)) == "1,4,9" and not pcall(ipairs))
assert(select("#") == 0 and select("#", nil, nil) == 2 and list(select(2, 1, 2, 3)) == "2,3" and list(select(-1, 1, 2)) == "2")
assert(not pcall(select, 0) and not pcall(select, -5, 1) and not pcall(select, "x"))
assert(rawget(squares, 1) == nil and rawlen({ 1, 2 }) == 2 and rawlen("abc") == 3 and rawequal(squares, squares) and not rawequal({}, {}))
assert(rawset(squares, 1, "raw")[1] == "raw" and not pcall(rawset, {}, nil, 1) and not pcall(rawlen, 5) and not pcall(rawget, "x", 1))
