-- Goal: blocks, loops, break, goto and the truth of values.

-- Only nil and false are false.
for _, value in ipairs{ 0, "", "false", {}, print, 0 / 0, true } do assert(value
    and not not value) if not value then error() end end
assert(not nil and not false and (nil == false) == false)

-- if, elseif, else.
local function sign(x) if x < 0 then return -1 elseif x > 0 then return 1 else return 0 end end
assert(sign(-5) == -1 and sign(5) == 1 and sign(0) == 0)

-- while and repeat; the condition of repeat sees the locals of the block.
local n = 0
while n < 5 do n = n + 1 if n == 3 then break end end
assert(n == 3)
while false do error() end
local rounds = 0
repeat local done = rounds == 4 rounds = rounds + 1 until done
assert(rounds == 5)
repeat local x <const> = true until x
repeat break until error()

-- Scopes.
local x = 1
do local x = x + 1 assert(x == 2) local x = x + 1 assert(x == 3) end
assert(x == 1)
for x = 5, 5 do assert(x == 5) end
assert(x == 1)
local function f(x) x = 9 return x end
assert(f(x) == 9 and x == 1)

-- goto: continue, nested break, loops, and a fresh local each time a block is entered.
local odd = {}
for i = 1, 6 do
    if i % 2 == 0 then goto continue end
    odd[#odd + 1] = i
    ::continue::
end
assert(table.concat(odd, ",") == "1,3,5")
for i = 1, 3 do for j = 1, 3 do if i * j == 4 then n = i + j goto out end end end
::out::
assert(n == 4)
do
    local i, made = 1, {}
    ::again::
    local fresh = i
    made[i] = function() fresh = fresh + 1 return fresh end
    i = i + 1
    if i <= 3 then goto again end
    assert(made[1]() == 2 and made[2]() == 3 and made[1]() == 3 and made[3]() == 4)
end
do goto last local skipped ::last:: end  -- a label at the end of a block: the local's scope is over
for _, bad in ipairs{ "goto nowhere", "do ::a:: end goto a", "goto a local x ::a:: print(x)", "::a:: ::a::", "break",
    "::a:: do ::a:: end",
                      "local function f() goto a end ::a::" } do
    assert(load(bad) == nil, bad)
end

-- Ends of blocks.
local function early() do return 1 end return 2 end
assert(early() == 1 and load("return return") == nil and load("return 1, 2; local x") == nil
    and select("#", load("return")()) == 0 and load("return;")() == nil)
assert(select("#", (function() end)()) == 0 and load("")() == nil and load("x") == nil and load("1 + 1") == nil
    and load("f = = 1") == nil)
