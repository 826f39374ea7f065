-- Goal: generic for calls its iterator with the state and the control value, ends at nil, takes calls as iterators,
-- closes its fourth value, and gives each round its own variables.

local calls = {}
local function iterator(state, control)
    calls[#calls + 1] = tostring(state) .. tostring(control)
    if control < 3 then return control + 1, control * 10, "extra" end
end
local seen = {}
for i, value, extra, missing in iterator, "s", 0 do
    assert(extra == "extra" and missing == nil)
    seen[#seen + 1] = i .. ":" .. value
end
assert(table.concat(seen, " ") == "1:0 2:10 3:20" and table.concat(calls, " ") == "s0 s1 s2 s3")

for x in function() return nil end do error() end
for x in function(s, c) if not c then return false end end do assert(x == false) break end
local callable = setmetatable({ left = 3 },
    { __call = function(self) if self.left > 0 then self.left = self.left - 1 return self.left end end })
local last
for left in callable do last = left end
assert(last == 0 and not pcall(function() for x in nil do end end) and not pcall(function() for x in 5 do end end)
    and not pcall(function() for x in {} do end end))

-- The expression list is adjusted to four values.
local function triple() return iterator, "t", 1 end
local count = 0
for i in triple() do count = count + 1 end
assert(count == 2)
count = 0
for i in iterator, (function() return "u", 5 end)() do count = count + 1 end
assert(count == 0)

-- The closing value is closed when the loop ends, however it ends.
local closed = {}
local function closing(name) return setmetatable({},
    { __close = function(_, e) closed[#closed + 1] = name .. ":" .. tostring(e) end }) end
for i in iterator, "", 0, closing("end") do end
for i in iterator, "", 0, closing("break") do break end
for i in iterator, "", 0, closing("goto") do goto out end
::out::
assert((function() for i in iterator, "", 0, closing("return") do return i end end)() == 1)
assert(not pcall(function() for i in iterator, "", 0, closing("error") do error("e", 0) end end))
assert(table.concat(closed, " ") == "end:nil break:nil goto:nil return:nil error:e")
assert(not pcall(function() for i in iterator, "", 0, 5 do end end), "a closing value needs __close")
for i in iterator, "", 0, nil do end
for i in iterator, "", 0, false do end

-- Variables of their own; assigning to one leaves the iteration alone.
local functions = {}
for i, value in ipairs{ "a", "b", "c" } do
    functions[i] = function() value = value .. "!" return value end
    i = 100
end
assert(functions[1]() == "a!" and functions[1]() == "a!!" and functions[2]() == "b!" and functions[3]() == "c!")

-- Yields from inside the iterator.
local steps = coroutine.wrap(function()
    local sum = 0
    for value in function() return coroutine.yield("next") end do sum = sum + value end
    return sum
end)
assert(steps() == "next" and steps(5) == "next" and steps(7) == "next" and steps(nil) == 12)
