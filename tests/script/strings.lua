-- Goal: the string functions as in the manual; letters are those of ASCII, results have a largest size, methods are safe.

assert(("hello"):sub(2, 3) == "el" and ("hello"):sub(-3) == "llo" and ("hello"):sub(2, -2) == "ell" and ("hello"):sub(0) == "hello")
assert(("hello"):sub(4, 2) == "" and ("hello"):sub(math.mininteger, math.maxinteger) == "hello" and ("hello"):sub(10) == "")
assert(("abc"):byte() == 97 and select("#", ("abc"):byte(1, -1)) == 3 and select("#", ("abc"):byte(10)) == 0 and ("abc"):byte(-1) == 99)
assert(string.char() == "" and string.char(0, 255, 65) == "\0\255A" and not pcall(string.char, 256) and not pcall(string.char, -1))
assert(("abc"):reverse() == "cba" and (""):reverse() == "" and ("a\0b"):len() == 3 and #"a\0b" == 3)

-- Every byte: only A-Z and a-z change.
local all = {}
for i = 0, 255 do all[i + 1] = string.char(i) end
all = table.concat(all)
for i = 0, 255 do
    local lower, upper = all:lower():byte(i + 1), all:upper():byte(i + 1)
    assert(lower == ((i >= 65 and i <= 90) and i + 32 or i) and upper == ((i >= 97 and i <= 122) and i - 32 or i))
end
local classes = { a = 52, c = 33, d = 10, g = 94, l = 26, p = 32, s = 6, u = 26, w = 62, x = 22 }
for class, count in pairs(classes) do
    assert(select(2, all:gsub("%" .. class, "")) == count, class)
    assert(select(2, all:gsub("%" .. class:upper(), "")) == 256 - count, class)
end

assert(("ab"):rep(3) == "ababab" and ("ab"):rep(3, "-") == "ab-ab-ab" and ("ab"):rep(0) == "" and ("ab"):rep(-1) == "" and ("ab"):rep(1, "-") == "ab")
assert((""):rep(2^40) == "" and #(""):rep(3, "xy") == 4)
for _, count in ipairs{ 2^40, math.maxinteger, 2^26 // 1 | 0 } do
    local ok, message = pcall(string.rep, "ab", count)
    assert(not ok and message:find("64 MiB", 1, true))
end
assert(not pcall(string.byte, ("x"):rep(200000), 1, -1))

-- Bytes compare as bytes.
assert("a" < "b" and "Z" < "a" and "a" < "\xe4" and "" < "\0" and "a\0" > "a" and "a\0b" < "a\0c" and "\x7f" < "\x80")

-- Patterns.
assert(("hello world"):find("o w") == 5 and ("hello"):find("l+") == 3 and ("a.b"):find(".", 1, true) == 2 and ("hello"):find("xyz") == nil)
assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key" and ("[[x]]"):match("%[(%b[])%]") == "[x]" and ("THE (quick) fox"):find("%((%a+)%)") == 5)
assert(("hello"):gsub("l", { l = "L" }) == "heLLo" and ("abc"):gsub("%w", "%0%0") == "aabbcc" and ("abc"):gsub("", "-") == "-a-b-c-")
assert(("x = 1"):gsub("(%w+) = (%w+)", "%2 = %1") == "1 = x" and select(2, ("aaa"):gsub("a", "b", 2)) == 2)
local words = {}
for word in ("one two"):gmatch("%a+") do words[#words + 1] = word end
assert(table.concat(words, ",") == "one,two" and ("THE"):find("%f[%a]%a+%f[%A]") == 1)
for _, bad in ipairs{ "(", "%", "[a", "%1", "(()", "%b", "%f" } do assert(not pcall(string.find, "x", bad), bad) end
assert(not pcall(string.find, "x", ("a"):rep(5000)), "a pattern has a largest size")

-- The metatable of strings is out of reach, so that nobody changes their methods.
assert(getmetatable("") == false and not pcall(setmetatable, "", {}))
assert(("x").len == string.len and ("x").nothing == nil and not pcall(function() local s = "" s.x = 1 end))
assert("10" + 5 == 15 and "3" * "4" == 12 and -"2" == -2 and "0x10" // 1 == 16 and math.type("10" + 5) == "integer")
assert(string.dump == nil)
