-- Goal: comparisons are exact between integers and floats whatever their sizes, equality asks for the type first,
-- strings compare by their bytes, and the order of other values is an error.

local max, min, huge, nan = math.maxinteger, math.mininteger, math.huge, 0 / 0

-- Integer against float, where converting would round.
assert(1 == 1.0 and not (1 < 1.0) and 1 <= 1.0 and 1 < 1.5 and 2 > 1.5 and -1 > -1.5 and -2 < -1.5 and 0 == -0.0)
assert(2^53 == 1 << 53 and (1 << 53) + 1 ~= 2^53 and (1 << 53) + 1 > 2^53 and not ((1 << 53) + 1 <= 2^53))
assert(max < 2^63 and not (max == 2^63) and max <= 2^63 and 2^63 > max and not (2^63 <= max) and min == -2^63
    and min <= -2^63 and not (min < -2^63))
assert(min > -2^63 - 1025 and max - 1 < 2^63 and max + 0.0 == 2^63 and max + 0.0 > max and min + 0.0 == min)
for _, integer in ipairs{ min, min + 1, -1, 0, 1, max - 1, max } do
    assert(integer < huge and integer > -huge and integer <= huge and not (integer == huge) and not (integer >= huge))
    assert(not (integer < nan) and not (integer > nan) and not (integer <= nan) and not (integer >= nan)
        and integer ~= nan)
    assert(not (nan < integer) and not (nan >= integer))
    assert(integer <= integer and not (integer < integer) and integer == integer)
end

-- Equal keys are one key.
local t = {}
t[1], t[2^53] = "one", "large"
assert(t[1.0] == "one" and t[1 << 53] == "large" and t[1.5] == nil)
t[-0.0] = "zero"
assert(t[0] == "zero" and next({ [3.0] = true }) == 3 and math.type(next({ [3.0] = true })) == "integer")

-- Equality: no conversions; tables and functions by identity.
assert(1 ~= "1" and "1" ~= 1 and 0 ~= false and "" ~= false and nil ~= false and "a" == "a" and {} ~= {}
    and print == print)
local long = ("x"):rep(100)
assert(long == ("x"):rep(100) and long .. "y" ~= long and "a\0b" ~= "a\0c" and "a\0b" == "a\0b")
local table_a, table_b = {}, {}
assert(table_a == table_a and table_a ~= table_b and not (table_a == table_b) and rawequal(table_a, table_a)
    and not rawequal(1, "1") and rawequal(1, 1.0))

-- Strings.
assert("a" < "b" and "a" < "aa" and "" < "a" and "B" < "a" and "10" < "9" and "a" <= "a" and not ("a" < "a")
    and "b" > "a" and "a" >= "a")
assert("a\0a" < "a\0b" and "a\0" > "a" and "\0" < "\1" and "\xff" > "\x7f" and "é" > "z" and "Z" < "_")

-- No order between types, or of tables without metamethods.
local things = { 1, "1", true, {}, print, coroutine.create(print) }
for i, a in ipairs(things) do
    for j, b in ipairs(things) do
        if i ~= j or i > 2 then
            assert(not pcall(function() return a < b end) and not pcall(function() return a <= b end), i .. " " .. j)
            assert(not pcall(function() return a > b end) and not pcall(function() return a >= b end))
        end
    end
    assert(not pcall(function() return nil < a end) and not pcall(function() return a <= nil end))
end
