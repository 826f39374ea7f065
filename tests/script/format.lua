-- Goal: string.format has the grammar of Lua 5.4.4 on every patch release, and the same digits on every machine.

local function is(expected, ...)
    local got = string.format(...)
    assert(got == expected, got .. " instead of " .. expected)
end
local function refused(...) assert(not pcall(string.format, ...), (...)) end

is("", "") is("%", "%%") is("a%b", "a%%b") is("100%", "%d%%", 100) is("a\0b", "a\0b") is("a\0b", "%s", "a\0b")
refused("%") refused("%d") refused("%d %d", 1) refused("%y", 1) refused("%5", 1) refused("%\0", 1) refused("%ld", 1)

-- Integers.
is("42|-42|+42| 42", "%d|%i|%+d|% d", 42, -42, 42, 42)
is("   42|42   |00042|-0042", "%5d|%-5d|%05d|%05d", 42, 42, 42, -42)
is("  042|+042 |  007", "%5.3d|%-+5.3d|%05.3d", 42, 42, 7)
is("|0|   ", "%.0d|%d|%3.0d", 0, 0, 0)
is("-9223372036854775808 9223372036854775807", "%d %d", math.mininteger, math.maxinteger)
is("ff FF 0xff 0XFF 377 0377 0", "%x %X %#x %#X %o %#o %#x", 255, 255, 255, 255, 255, 255, 0)
is("ffffffffffffffff 1777777777777777777777", "%x %o", -1, -1)
is("0x00ff|0xff  |  0xff", "%#06x|%-#6x|%#6x", 255, 255, 255)
is("3 3 12", "%d %d %d", 3.0, "3", "0xC")
refused("%d", 3.5) refused("%d", "x") refused("%d", {}) refused("%d", 2^63) refused("%d", nil)
is("A|  A|A  |\0", "%c|%3c|%-3c|%c", 65, 65, 65, 0)

-- Floats: digits are exact, halves go to the even one.
is("3.14|3.1416|3|3.", "%.2f|%.4f|%.0f|%#.0f", math.pi, math.pi, math.pi, math.pi)
is("0 2 2 4 -0", "%.0f %.0f %.0f %.0f %.0f", 0.5, 1.5, 2.5, 3.5, -0.5)
is("0.1000000000000000055511151231257827", "%.34f", 0.1)
is("1.000000e+15 1E+15 1.e+00 2.5e-10", "%e %.0E %#.0e %.1e", 1e15, 1e15, 1, 2.5e-10)
is("100000 1e+06 0.0001 1e-05 1.5 1", "%g %g %g %g %g %g", 1e5, 1e6, 1e-4, 1e-5, 1.5, 1)
is("1.00000 1.00000e+06 0.500 1.", "%#g %#g %#.3g %#.0g", 1, 999999.5, 0.5, 1)
is("nan NAN +nan| nan|  +NAN|nan  |nan", "%f %G %+e|% g|%+6.0G|%-5a|%.1f", 0 / 0, 0 / 0, -(0 / 0), 0 / 0, 0 / 0, 0 / 0, 0 / 0)
is("inf -inf  INF +inf| inf|-inf", "%f %g %4.1G %+e|%04f|%a", math.huge, -math.huge, math.huge, math.huge, math.huge, -math.huge)
is("0x1p+0 0x1.8p+1 -0x0p+0 0X1.999999999999AP-4", "%a %a %a %A", 1, 3, -0.0, 0.1)
is("0x2p+0 0x1.8p+0 0x1.00p+0 0x0.0000000000001p-1022", "%.0a %.1a %.2a %a", 1.5, 1.5, 1.0, 5e-324)
is("1e+308 1.7976931348623e+308 5e-324", "%.0e %.14g %.0e", 1e308, 1.7976931348623157e308, 5e-324)
assert(#string.format("%.99f", -1.7976931348623157e308) == 410)
is("  1.50|1.50  |001.50|+1.5", "%6.2f|%-6.2f|%06.2f|%+.1f", 1.5, 1.5, 1.5, 1.5)
is("2.5 1", "%.1f %g", "2.5", "0x1")
is("1.0E+02 1.0e+03 10. 0.00010 1.e+02", "%#.2G %#.2g %#.2g %#.2g %#.1g", 99.9, 995.0, 9.96, 0.0000999, 99.9)

-- Strings.
is("  ab|ab  |a|ab", "%4s|%-4s|%.1s|%s", "ab", "ab", "ab", "ab")
is(("x"):rep(200) .. "|xxx", "%20s|%.3s", ("x"):rep(200), ("x"):rep(200))
is("nil true 1 1.5 table", "%s %s %s %s %s", nil, true, 1, 1.5, {})
refused("%5s", "a\0b") refused("%.1s", "a\0b")

-- Literals read back as they were.
is([["a\
\"\\\0\0011\13\127"]], "%q", "a\n\"\\\0\0011\13\127")
is("1e9999 -1e9999 (0/0) 0x1p-1 0x8000000000000000 5 nil true", "%q %q %q %q %q %q %q %q",
    math.huge, -math.huge, 0 / 0, 0.5, math.mininteger, 5, nil, true)
for _, value in ipairs{ 0.1, -0.0, 1e300, 5e-324, math.mininteger, math.maxinteger, "\0\1\0012\n\r\"\\\255", true } do
    local back = load("return " .. string.format("%q", value))()
    assert(back == value and math.type(back) == math.type(value))
end
refused("%q", {}) refused("%q", print) refused("%5q", "x") refused("%.1q", "x")

-- The flags that each letter takes, and how wide a field may be. Releases before 5.4.4 differ in all of these.
assert(string.format("%" .. ("-"):rep(20) .. "d", 7) == "7")
refused("%" .. ("-"):rep(21) .. "d", 7)
for _, good in ipairs{ "%+d", "% d", "%-+ 0d", "%#x", "%++++++d", "%#.3f", "%0-5d", "%-5c", "%99d", "%.99f", "%.f", "%.d", "%00d" } do
    assert(pcall(string.format, good, 1), good)
end
for _, bad in ipairs{ "%#d", "%+x", "% x", "%+s", "%#s", "%010s", "%0s", "% s", "%.3c", "%+c", "%0c", "%100d", "%.100f", "%d%", "%..1f",
                      "%1.2.3d", "%- 5s", "%5-d", "%-----------------------d", "%F", "%n", "%z", "%I64d", "%*d", "%'d", "%5p" } do
    refused(bad, 1)
end
