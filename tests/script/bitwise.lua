-- Goal: bitwise operators work on 64-bit integers, take floats with an integral value and nothing else (a text is no
-- operand, unlike in arithmetic), and shifts are logical, of any distance and either direction.

local max, min = math.maxinteger, math.mininteger
assert(0xF0 & 0x3C == 0x30 and 0xF0 | 0x0F == 0xFF and 0xF0 ~ 0x3C == 0xCC and ~0 == -1 and ~max == min
    and -1 & max == max)
assert(~5 == -6 and ~ ~5 == 5 and 5 ~ 5 == 0 and -1 ~ max == min and min | max == -1 and min & max == 0)

assert(1 << 0 == 1 and 1 << 1 == 2 and 1 << 62 == 2^62 | 0 and 1 << 63 == min and 1 << 64 == 0 and 1 << 65 == 0
    and 1 << max == 0)
assert(-1 >> 1 == max and -1 >> 63 == 1 and -1 >> 64 == 0 and min >> 63 == 1 and 256 >> 4 == 16 and 1 >> 1 == 0
    and -1 >> max == 0)
assert(1 << -1 == 0 and 2 << -1 == 1 and 1 >> -1 == 2 and 1 >> -63 == min and 1 >> -64 == 0 and 1 << min == 0
    and 1 >> min == 0)
assert(-1 << 1 == -2 and -1 << 63 == min and max << 1 == -2 and 1 << -max == 0 and 1 >> -max == 0)
for distance = 0, 63 do
    assert(1 << distance == math.tointeger(2^distance % 2^64) or distance == 63)
    assert(-1 >> distance << distance == -1 << distance and 1 << distance >> distance == 1)
end

-- Operands are made integers if that is exact.
assert(3.0 & 1 == 1 and 2^53 | 0 == 1 << 53 and -0.0 | 0 == 0 and math.type(1.0 | 2.0) == "integer" and ~2.0 == -3
    and 1 << 2.0 == 4)
for _, bad in ipairs{ 1.5, 2^63, -2^64, math.huge, -math.huge, 0 / 0, "1", "0x10", "1.5", "x", "", {}, true, print } do
    assert(not pcall(function() return bad & 1 end) and not pcall(function() return 1 | bad end), tostring(bad))
    assert(not pcall(function() return ~bad end) and not pcall(function() return bad << 1 end)
        and not pcall(function() return 1 >> bad end))
end
assert(not pcall(function() return nil ~ 1 end) and -2^63 | 0 == min)

-- Precedence: ~ before <<, << before &, & before ~, ~ before |, and all before comparisons.
assert(1 | 2 ~ 3 & 6 == 1 | (2 ~ (3 & 6)) and 1 << 1 + 1 == 4 and 1 << 2 << 3 == 32 and 256 >> 2 >> 2 == 16
    and ~1 << 1 == -4)
assert((1 | 2 == 3) == true and (6 & 3 < 3) == true and (2 | 1 & 0) == 2)
