-- Goal: no text that a script can make shows an address, a locale, or the sign of NaN.

local co = coroutine.create(print)
local texts = { [1] = tostring({}), [2] = tostring(print), [3] = tostring(co), [4] = tostring(function() end) }
assert(table.concat(texts, " ") == "table function thread function")
assert(string.format("%s %s %-10s|%.3s", {}, print, co, {}) == "table function thread    |tab")
assert(tostring(setmetatable({}, { __name = "Point" })) == "Point" and tostring(setmetatable({}, { __name = 5 })) == "table")
assert(tostring(setmetatable({}, { __tostring = function() return "own" end, __name = "Point" })) == "own")
assert(not pcall(tostring, setmetatable({}, { __tostring = function() return {} end })))
assert(not pcall(string.format, "%p", {}) and not pcall(string.format, "%p", 1) and not pcall(tostring))
assert(tostring(nil) == "nil" and tostring(true) == "true" and tostring(false) == "false" and tostring("s") == "s")

local nan = 0 / 0
for _, value in ipairs{ nan, -nan, math.huge - math.huge, math.fmod(1, 0.0), math.sqrt(-1) } do
    assert(tostring(value) == "nan" and "" .. value == "nan" and table.concat{ value } == "nan")
    for _, letter in ipairs{ "f", "g", "e", "a" } do
        assert(string.format("%" .. letter, value) == "nan" and string.format("%+" .. letter, value) == "+nan")
        assert(string.format("%5." .. "1" .. letter, value) == "  nan" and string.format("%05" .. letter, value) == "  nan")
    end
    assert(string.format("%q", value) == "(0/0)" and string.format("%G", value) == "NAN")
end

-- tostring and `..` give numbers the same text, on either side of every change of form.
local numbers = { 0.0, -0.0, 1e14, 1e15, 123456789012345.0, 1e16, 1e100, math.huge, -math.huge, 2^53, 5e-324, 1e-5, 0.1, 1 / 3,
                  -1.5, 100.0, 99999999999999.5, 0, -1, math.maxinteger, math.mininteger }
local x = 1
for i = 1, 2000 do
    x = x * 6364136223846793005 + 1442695040888963407
    local bits = string.unpack("<d", string.pack("<j", x))
    if bits == bits then numbers[#numbers + 1] = bits end
    numbers[#numbers + 1] = x
    numbers[#numbers + 1] = (x >> 40) / 64
end
for _, number in ipairs(numbers) do assert(tostring(number) == "" .. number) end
assert(tostring(3.0) == "3.0" and tostring(-0.0) == "-0.0" and tostring(1e15) == "1e+15" and tostring(2^63) == "9.2233720368548e+18")
assert(tostring(0.1) == "0.1" and tostring(math.mininteger) == "-9223372036854775808" and tostring(1 / 0) == "inf")

assert(select("#", print("printed", nil, {}, 1.5)) == 0)
