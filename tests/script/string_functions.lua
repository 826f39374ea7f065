-- Goal: the string functions that need no pattern: byte, char, len, lower, rep, reverse, sub, upper.

-- sub: indexes from either end, cut to the string.
local cases = {
    { 1, nil, "abcde" }, { 2, nil, "bcde" }, { -2, nil, "de" }, { 2, 3, "bc" }, { 2, -2, "bcd" }, { -3, -2, "cd" },
    { 0, nil, "abcde" }, { 0, 0, "" }, { -100, 2, "ab" },
    { 4, 100, "de" }, { 6, nil, "" }, { 3, 2, "" }, { 1, 0, "" }, { 5, 5, "e" },
    { math.mininteger, math.maxinteger, "abcde" }, { math.maxinteger, nil, "" },
    { 1, math.mininteger, "" }, { -1, -1, "e" }, { -5, 1, "a" }, { 2, -5, "" },
}
for _, case in ipairs(cases) do assert(string.sub("abcde", case[1], case[2]) == case[3]
    and ("abcde"):sub(case[1], case[2]) == case[3]) end
assert(("").sub("", 1) == "" and not pcall(string.sub) and not pcall(string.sub, "x") and not pcall(string.sub, "x", {})
    and string.sub(123, 2) == "23")

-- byte and char.
assert(string.byte("A") == 65 and select("#", string.byte("abc", 1, 3)) == 3 and string.byte("abc", -1) == 99
    and select("#", string.byte("abc", 0)) == 0)
assert(select("#", string.byte("")) == 0 and select("#", string.byte("abc", 2, 1)) == 0
    and select("#", string.byte("abc", 0, 10)) == 3 and string.byte("\0\xff", 2) == 255)
assert(string.char() == "" and string.char(72, 105) == "Hi" and string.char(0) == "\0" and not pcall(string.char, -1)
    and not pcall(string.char, 256) and not pcall(string.char, "x"))
assert(string.char(string.byte("round trip", 1, -1)) == "round trip")

-- len.
assert(string.len("") == 0 and string.len("a\0b") == 3 and ("é"):len() == 2 and #"abc" == 3 and string.len(1.5) == 3
    and not pcall(string.len))

-- lower and upper.
assert(string.lower("ABCxyz1É") == "abcxyz1É" and string.upper("abcXYZ1é") == "ABCXYZ1é" and string.lower("") == ""
    and not pcall(string.lower) and not pcall(string.upper, {}))

-- rep.
assert(string.rep("ab", 3) == "ababab" and string.rep("ab", 3, ", ") == "ab, ab, ab"
    and string.rep("ab", 1, "x") == "ab" and string.rep("ab", 0) == "" and string.rep("ab", -5, "x") == "")
assert(string.rep("", 5) == "" and string.rep("", 3, "-") == "--" and string.rep("x", 2.0) == "xx"
    and not pcall(string.rep, "x", 1.5) and not pcall(string.rep, "x") and not pcall(string.rep))
assert(#string.rep("x", 100000) == 100000 and string.rep("a\0", 2) == "a\0a\0")

-- reverse.
assert(string.reverse("abc") == "cba" and string.reverse("") == "" and string.reverse("a\0b") == "b\0a"
    and string.reverse(12) == "21" and not pcall(string.reverse))

-- Strings as objects.
assert(("x").rep == string.rep and ("%d"):format(5) == "5" and ("a,b"):find(",") == 2 and #("x"):rep(3) == 3
    and (5 .. ""):len() == 1)
