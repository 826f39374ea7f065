-- Goal: the arithmetic operators give the values and the subtypes that the manual promises: integers wrap around, `/`
-- and `^` are always float, `//` and `%` round toward minus infinity, and floats follow IEEE 754.

local function same(found, expected)
    local equal = found == expected or (found ~= found and expected ~= expected)
    if not equal or math.type(found) ~= math.type(expected) then
        error("found " .. tostring(found) .. ", expected " .. tostring(expected), 2)
    end
end
local max, min, huge, nan = math.maxinteger, math.mininteger, math.huge, 0.0 / 0.0

-- The subtype of a result.
same(1 + 2, 3) same(1 + 2.0, 3.0) same(1.5 + 1.5, 3.0) same(7 - 9, -2) same(7.0 - 9, -2.0) same(3 * 4, 12)
same(3 * 4.0, 12.0)
same(6 / 2, 3.0) same(7 / 2, 3.5) same(2 ^ 2, 4.0) same(7 // 2, 3) same(7.0 // 2, 3.0) same(7 % 4, 3) same(7 % 4.0, 3.0)
same(-(3), -3) same(-(3.0), -3.0)

-- Integers wrap around.
same(max + 1, min) same(min - 1, max) same(max * 2, -2) same(min * -1, min) same(-min, min) same(max * max, 1)
same(min * min, 0)
same(max + 1.0, 2.0 ^ 63) same(0x7fffffffffffffff + 0x7fffffffffffffff, -2)

-- Floor division and modulo, with every combination of signs.
local cases = {
    { 7, 3, 2, 1 }, { -7, 3, -3, 2 }, { 7, -3, -3, -2 }, { -7, -3, 2, -1 }, { 6, 3, 2, 0 }, { -6, 3, -2, 0 },
    { 6, -3, -2, 0 },
    { 0, 5, 0, 0 }, { 0, -5, 0, 0 }, { 1, 5, 0, 1 }, { -1, 5, -1, 4 }, { 1, -5, -1, -4 }, { -1, -5, 0, -1 },
    { max, -1, -max, 0 }, { min, -1, min, 0 }, { min, 1, min, 0 }, { min, max, -2, max - 1 }, { max, min, -1, -1 },
    { min, min, 1, 0 },
    { min, 2, min // 2, 0 }, { -1, max, -1, max - 1 }, { 1, min, -1, min + 1 },
}
for _, case in ipairs(cases) do
    local a, b, quotient, rest = table.unpack(case)
    same(a // b, quotient)
    same(a % b, rest)
    same((a // b) * b + a % b, a)
    if math.abs(a) < 2^50 and math.abs(b) < 2^50 and a ~= min and b ~= min then
        same(a + 0.0 - b * ((a + 0.0) // b), rest + 0.0)
        same((a + 0.0) // b, quotient + 0.0)
        same(a % (b + 0.0), rest + 0.0)
    end
end
same(5.5 // 2, 2.0) same(-5.5 // 2, -3.0) same(5.5 % 2, 1.5) same(-5.5 % 2, 0.5) same(5.5 % -2, -0.5)
same(-5.5 % -2, -1.5)
same(0.1 % 0.01 < 0.01, true) same(1 % huge, 1.0) same(-1 % huge, huge) same(1 % -huge, -huge) same(-1 % -huge, -1.0)
same(huge // 1, huge) same(huge % 2, nan) same(1 // huge, 0.0) same(-1 // huge, -0.0) same(nan // 1, nan)

-- Division by zero: an error for integers only.
same(1 / 0, huge) same(-1 / 0, -huge) same(0 / 0, nan) same(1 // 0.0, huge) same(-1 // 0.0, -huge) same(1.0 // 0, huge)
same(1 % 0.0, nan)
same(1.0 % 0, nan)
local zero = 0
assert(not pcall(function() return 1 // zero end) and not pcall(function() return 1 % zero end))
assert(not pcall(function() return min // zero end) and not pcall(function() return 0 % zero end))

-- Signed zeros and NaN.
same(1 / 0.0, huge) same(1 / -0.0, -huge) same(1 / (0.0 * -1), -huge) same(0.0, -0.0) same(1 / (-0.0 + 0), huge)
assert(nan ~= nan and not (nan == nan) and not (nan < nan) and not (nan <= nan) and not (nan > 1) and not (nan < 1))

-- Powers.
same(2 ^ -1, 0.5) same(0 ^ 0, 1.0) same((-2) ^ 3, -8.0) same((-2) ^ 2, 4.0) same((-8) ^ (1 / 3), nan)
same(2 ^ 0.5 * 2 ^ 0.5 > 1.99, true)
same(10 ^ 2, 100.0) same(2 ^ 63, 9223372036854775808.0) same(huge ^ 0, 1.0) same(0 ^ -1, huge) same(2 ^ 1024, huge)
same(1 ^ nan, 1.0)
same(4 ^ 0.5, 2.0) same(2 ^ -1074 > 0, true) same(2 ^ -1075, 0.0)

-- Precedence and associativity.
same(2 + 3 * 4 ^ 2 / 2, 26.0) same(-2 ^ 2, -4.0) same(2 ^ 3 ^ 2, 512.0) same(2 ^ -2, 0.25) same(7 - 4 - 2, 1)
same(2 * 3 % 4, 2)
same(100 // 7 // 2, 7) same(-7 // 2, -4) same(-(7 // 2), -3) same(- -3, 3) same(1 .. 2 + 3, "15")
same(not nil == true, true)
same(1 + 2 < 4, true) same(1 << 2 + 1, 8) same(3 | 4 ~ 1 & 5, 7) same("a" .. "b" == "ab", true)
same(2 * 2 .. 3, "43") same(1 or error(), 1) same(nil and error(), nil) same(false or nil, nil) same(nil
    or false, false) same(1 and 2 or 3, 2)
same(#"abc" + 1, 4) same(-"2" + 0, -2) same(~0 & 0xff, 255)
