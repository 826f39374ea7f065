-- Goal: texts and numbers turn into each other where the manual says so, with exact rules for the subtype and the text.

-- Arithmetic on texts: the text is read as a numeral, and the result has the subtype that the numerals give.
assert("10" + 1 == 11 and math.type("10" + 1) == "integer" and "10" * "2" == 20 and "3.0" + 1 == 4.0
    and math.type("3.0" + 1) == "float")
assert("0x10" + 0 == 16 and " 5 " - 1 == 4 and "1e1" // 1 == 10.0 and "\t7\n" % 4 == 3 and -"2" == -2
    and math.type(-"2") == "integer")
assert("10" / 2 == 5.0 and "2" ^ 2 == 4.0 and "7" // "2" == 3 and "-0x1p-1" + 0 == -0.5
    and "9223372036854775808" + 0 == 2^63)
for _, bad in ipairs{ "", " ", "x", "1x", "1 2", "0x", "1e", "inf", "nan", "--1", "1,5", "1_0", "0b1", "é", "1\0" } do
    assert(not pcall(function() return bad + 1 end), bad)
    assert(tonumber(bad) == nil, bad)
end
for _, bad in ipairs{ true, {}, print, false } do assert(not pcall(function() return bad + 1 end)
    and not pcall(function() return -bad end)) end

-- Concatenation: numbers become texts; a float always looks like one.
assert(1 .. 2 == "12" and 1.5 .. "" == "1.5" and 2.0 .. "" == "2.0" and -0.0 .. "" == "-0.0"
    and 2^53 .. "" == "9.007199254741e+15")
assert(1e15 .. "" == "1e+15" and 1e100 .. "" == "1e+100" and 123456.0 .. "" == "123456.0" and math.huge .. "" == "inf"
    and -math.huge .. "" == "-inf")
assert(0.1 .. "" == "0.1" and 1 / 3 .. "" == "0.33333333333333" and math.mininteger .. "" == "-9223372036854775808"
    and 0x10 .. "" == "16")
assert("a" .. "b" .. "c" == "abc" and ("x" .. 1) .. 2.5 == "x12.5" and "" .. "" == "")
for _, bad in ipairs{ true, {}, print } do assert(not pcall(function() return "a" .. bad end)
    and not pcall(function() return bad .. 1 end)) end
assert(not pcall(function() return "a" .. nil end))

-- No conversion in comparisons, in conditions or as keys.
assert(not pcall(function() return 1 < "2" end) and 10 ~= "10" and ({ [1] = "n", ["1"] = "s" })["1"] == "s" and (0
    and "" and true) == true)

-- Library functions take texts for numbers and numbers for texts.
assert(("x"):rep("3") == "xxx" and math.floor("3.7") == 3 and string.len(123) == 3 and string.upper(0x1F) == "31")
assert(string.sub(12345, "2", 3.0) == "23" and table.concat({ 1, 2.5, "x" }) == "12.5x"
    and not pcall(string.rep, "x", 1.5) and not pcall(string.rep, "x", "1.5"))
assert(select("2", "a", "b") == "b" and string.char("65", 66.0) == "AB" and not pcall(string.len, nil)
    and not pcall(string.len, true))

-- tonumber and tostring.
assert(tonumber("0x1P+4") == 16.0 and tonumber("0xA.8") == 10.5 and tonumber("1e+2") == 100.0 and tonumber(".5") == 0.5
    and tonumber("5.") == 5.0)
assert(tonumber("-7") == -7 and tonumber("+7") == 7 and tonumber("- 7") == nil and tonumber("0x-1") == nil
    and tonumber("08") == 8 and tonumber("1e400") == math.huge)
assert(tonumber("9223372036854775807") == math.maxinteger and math.type(tonumber("9223372036854775808")) == "float"
    and tonumber("-9223372036854775808") == math.mininteger)
assert(tonumber("0x8000000000000000") == math.mininteger and tonumber("0x1ffffffffffffffff") == -1
    and math.type(tonumber("1e1")) == "float")
assert(tonumber("1010", 2) == 10 and tonumber("zZ", 36) == 35 * 36 + 35 and tonumber(" -ff ", 16) == -255
    and tonumber("9", 9) == nil and tonumber("f f", 16) == nil)
assert(tonumber("", 10) == nil and tonumber("-", 10) == nil and tonumber("7fffffffffffffff", 16) == math.maxinteger
    and tonumber("1.5", 10) == nil)
assert(tonumber(true) == nil and tonumber(nil) == nil and tonumber(5) == 5 and tonumber(5.0) == 5.0
    and not pcall(tonumber, 15, 16) and not pcall(tonumber, "1", 37))
assert(tostring(nil) == "nil" and tostring(true) == "true" and tostring(15) == "15" and tostring(-0.0) == "-0.0"
    and tostring("x") == "x" and tostring(1e15) == "1e+15")
assert(tostring(setmetatable({}, { __tostring = function() return "own" end })) == "own")
assert(not pcall(tostring, setmetatable({}, { __tostring = function() return {} end })) and not pcall(tostring))
assert(tostring(setmetatable({}, { __name = "Kind" })):find("Kind", 1, true))

-- Floats as integers: where an integer is asked for, a float must have an integral value within range.
local t = {}
t[1.0], t[2^31] = "a", "b"
assert(t[1] == "a" and t[1 << 31] == "b" and #t == 1 and ("abc"):byte(2.0) == 98 and not pcall(string.byte, "abc", 1.5)
    and not pcall(string.byte, "a", 2^63))
