-- Goal: numerals, escapes, long strings and comments mean what the manual says.

-- Numerals.
assert(3 == 0x3 and 0xff == 255 and 0XA == 10 and 0xA.8p0 == 10.5 and 0x.1p4 == 1.0 and 0x1p-2 == 0.25
    and 314.16e-2 == 3.1416 and 0.31416E1 == 3.1416 and 34e1 == 340.0)
assert(math.type(3) == "integer" and math.type(3.) == "float" and math.type(3e0) == "float"
    and math.type(0x10) == "integer" and math.type(0x1p0) == "float" and .5 == 0.5)
assert(0xffffffffffffffff == -1 and 0x7fffffffffffffff == math.maxinteger and 0x1ffffffffffffffff == -1
    and 9223372036854775807 == math.maxinteger)
assert(math.type(9223372036854775808) == "float" and 9223372036854775808 == 2^63
    and -9223372036854775808 == math.mininteger and 1e309 == math.huge)
for _, bad in ipairs{ "3x", "0x", "1e", "1e+", "0x1p", "1..2", "0xg", "1.2.3",
    "08x" } do assert(load("return " .. bad) == nil, bad) end

-- Escapes.
assert("\a\b\f\n\r\t\v\\\"\'" == string.char(7, 8, 12, 10, 13, 9, 11, 92, 34, 39) and '\'' == "'" and "\z   x" == "x")
assert("\65\066\x43\u{44}" == "ABCD" and "\0a" == string.char(0, 97) and #"\0\00\000" == 3 and "\1234" == "{4"
    and "\xfF" == "\255")
assert("\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}" == utf8.char(0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000,
    0x10ffff) and #"\u{7FFFFFFF}" == 6)
assert("one\
two" == "one\ntwo" and "skip \z

      these" == "skip these")
for _, bad in ipairs{ [["\q"]], [["\256"]], [["\x1"]], [["\xg0"]], [["\u{110000000}"]], [["\u{}"]], [["\u41"]],
    [["open]], [['open"]], '"new\nline"', "[[open", "[=[open]]" } do
    assert(load("return " .. bad) == nil, bad)
end

-- Long strings: no escapes, the first line break is dropped, every kind of line break is "\n", levels.
assert([[a\n]] == "a\\n" and [[
first]] == "first" and [==[]]]=]]==] == "]]]=]" and [[]] == "" and [=[[[x]]]=] == "[[x]]" and #[[

x]] == 2)
assert(load("return [[a\r\nb\rc\n\rd]]")() == "a\nb\nc\nd" and load("return 'a\\\r\nb'")() == "a\nb")

-- Comments.
local n = 1 -- to the end of the line
--[[ a block
n = 2 ]] n = n + 1
--[==[ with a level ]] n = 5
]==]
---[[ no block
n = n + 1
--]]
assert(n == 3)
assert(load("#!/usr/bin/env lua\nreturn 1") == nil, "a first line with # is for files, not for load")

-- Names and separators.
local _, _a1, A, a = 1, 2, 3, 4
assert(_ + _a1 + A + a == 10);;; local goto_, End = 1, 2; assert(goto_ + End == 3)
for _, reserved in ipairs{ "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
    "in", "local", "nil", "not", "or", "repeat",
                           "return", "then", "true", "until", "while" } do
    assert(load("local " .. reserved .. " = 1") == nil and load("return { " .. reserved .. " = 1 }") == nil, reserved)
end
assert(({ ["end"] = 1 })["end"] == 1 and load("local é = 1") == nil)

-- Table constructors.
local function three() return 1, 2, 3 end
local t = { three(), three(), x = 5, [10 + 1] = "e", "last"; three() }
assert(#t == 6 and t[1] == 1 and t[2] == 1 and t[3] == "last" and t[6] == 3 and t.x == 5 and t[11] == "e"
    and #{ (three()) } == 1 and #{ three(), nil } == 1)
assert(#{ n = 1 } == 0 and #{ 1, 2, 3, } == 3 and ({ 1, [1] = 2 })[1] == 1)
