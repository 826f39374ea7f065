-- Goal: the text of a number becomes the nearest double, ties to even, in a program, in tonumber and in arithmetic:
-- subnormal numbers, halfway cases, many digits, hexadecimal fractions. Method: known bits.

local function bits(x) return string.format("%016x", (string.unpack(">i8", string.pack(">d", x)))) end
for text, expected in pairs{
    ["0.1"] = "3fb999999999999a", ["0.3"] = "3fd3333333333333", ["1e23"] = "44b52d02c7e14af6",
    ["9007199254740993.0"] = "4340000000000000",  -- halfway: to even
    ["9007199254740995.0"] = "4340000000000002",  -- halfway: to even
    ["9007199254740993.00000000000000000000000000000000000000001"] = "4340000000000001",  -- just above
    ["9007199254740992.99999999999999999999999999999999999999999"] = "4340000000000000",
    ["2.2250738585072014e-308"] = "0010000000000000",  -- the least normal
    ["2.2250738585072012e-308"] = "0010000000000000",
    ["2.2250738585072011e-308"] = "000fffffffffffff",  -- the largest subnormal
    ["4.9406564584124654e-324"] = "0000000000000001", ["5e-324"] = "0000000000000001",
    ["2.4703282292062328e-324"] = "0000000000000001",  -- just above half of the least
    ["2.4703282292062327e-324"] = "0000000000000000", ["1e-400"] = "0000000000000000",
    ["1.7976931348623157e308"] = "7fefffffffffffff", ["1.7976931348623158e308"] = "7fefffffffffffff",
    ["1.7976931348623159e308"] = "7ff0000000000000", ["1e309"] = "7ff0000000000000",
    ["0x1p-1074"] = "0000000000000001", ["0x1p-1075"] = "0000000000000000", ["0x1.8p-1075"] = "0000000000000001",
    ["0x1.fffffffffffffp1023"] = "7fefffffffffffff", ["0x.8p0"] = "3fe0000000000000",
    ["0x1.00000000000008p0"] = "3ff0000000000000",  -- halfway: to even
    ["0x1.00000000000018p0"] = "3ff0000000000002", ["0x1.000000000000080001p0"] = "3ff0000000000001",
    ["123456789012345678901234567890"] = "45f8ee90ff6c373e", ["9223372036854775808"] = "43e0000000000000",
} do
    assert(bits(load("return " .. text)() + 0.0) == expected, text)
    assert(bits(tonumber(text) + 0.0) == expected and bits(text + 0.0) == expected, text)
    assert(bits(-tonumber(text) + 0.0) == bits(tonumber("-" .. text) + 0.0), text)
end
-- Seventeen digits are enough to come back.
local x = 0.1
for _ = 1, 500 do
    x = x * 1.37 % 1e9 + 1 / 3
    assert(tonumber(("%.17g"):format(x)) == x and tonumber(("%a"):format(x)) == x)
end
assert(0.1 + 0.2 ~= 0.3 and tostring(0.1 + 0.2) == tostring(0.3), "a text is not the number")
