-- Goal: find, match, gmatch and gsub and all that patterns have: classes, sets, repetitions, anchors, captures, %b, %f.

local function all(...) local t = table.pack(...) for i = 1,
    t.n do t[i] = tostring(t[i]) end return table.concat(t, " ") end

-- find.
assert(all(string.find("hello", "l")) == "3 3" and all(string.find("hello", "l+")) == "3 4"
    and all(string.find("hello", "x")) == "nil" and all(string.find("hello", "")) == "1 0")
assert(all(string.find("hello", "(l)(l)")) == "3 4 l l" and all(string.find("hello", "()ll()")) == "3 4 3 5"
    and all(string.find("hello", "l", 4)) == "4 4" and all(string.find("hello", "l", -2)) == "4 4")
assert(all(string.find("hello", "h", 2)) == "nil" and all(string.find("hello", "", 6)) == "6 5"
    and all(string.find("hello", "", 7)) == "nil" and all(string.find("", "")) == "1 0"
    and all(string.find("hello", "h", -100)) == "1 1")
assert(all(string.find("a.b", ".", 1, true)) == "2 2" and all(string.find("a.b", ".")) == "1 1"
    and all(string.find("a+b", "+b", 1, true)) == "2 3" and all(string.find("aXb", "%u")) == "2 2")
assert(all(string.find("a\0b", "\0")) == "2 2" and all(string.find("a\0b", "b", 1, true)) == "3 3"
    and all(string.find("abc", "", 2, true)) == "2 1" and not pcall(string.find, "x") and not pcall(string.find))

-- match.
assert(string.match("key = value", "(%w+) = (%w+)") == "key" and select(2,
    string.match("key = value", "(%w+) = (%w+)")) == "value" and string.match("abc", "b") == "b")
assert(string.match("abc", "x") == nil and string.match("abc", "()b") == 2
    and string.match("2024-01-31", "^(%d+)-(%d+)-(%d+)$") == "2024"
    and string.match("  trim  ", "^%s*(.-)%s*$") == "trim")
assert(string.match("abc", "b", 3) == nil and string.match("abcb", "b()", 3) == 5
    and string.match("hello", ".-(l+)") == "ll" and string.match("x", "(x)(y?)") == "x"
    and select(2, string.match("x", "(x)(y?)")) == "")

-- Classes and sets.
for _, case in ipairs{ { "%a+", "abc" }, { "%d+", "123" }, { "%s+", " \t" }, { "%p+", "!,." }, { "%u+", "XY" },
    { "%c", "\t" }, { "[%a_]+", "abc" }, { "[^%a]+", "123 \t!,." },
                       { "[1-3]+", "123" }, { "[]]", nil }, { "[a%-z]+", "a" }, { "[%]]", nil }, { "[a-]", "a" },
                           { "%x+", "abc123" }, { "%w+", "abc123" }, { "%g+", "abc123" } } do
    assert(string.match("abc123 \t!,.XY\n", case[1]) == case[2], case[1])
end
assert(string.match("a]b", "[]]") == "]" and string.match("a-b", "[a-]", 2) == "-"
    and string.match("a^b", "[b^]") == "^" and string.match("x%y", "%%") == "%" and string.match("a.b", "%.") == "."
    and string.match("日本", "[\x80-\xff]+") == "日本")
assert(string.match("ABC", "%U") == nil and string.match("a1", "%A") == "1" and string.match("  x", "%S") == "x")
assert(string.match("[x]", "[[]") == "[" and string.match("5", "[%d-z]") == "5" and string.match("a b", "[%s]") == " ")

-- Repetitions: * and + take most, - least, ? one or none.
assert(string.match("aaab", "a*") == "aaa" and string.match("aaab", "a+") == "aaa"
    and string.match("aaab", "a-b") == "aaab" and string.match("aaab", "a-") == "" and string.match("aaab", "a?") == "a"
    and string.match("b", "a?") == "")
assert(string.match("<a><b>", "<.->") == "<a>" and string.match("<a><b>", "<.*>") == "<a><b>"
    and string.match("aXb", "a.?b") == "aXb" and string.match("ab", "a.?b") == "ab" and string.match("b", "a*") == "")

-- Anchors; elsewhere ^ and $ stand for themselves.
assert(string.match("abc", "^b") == nil and string.match("abc", "^a") == "a" and string.match("abc", "c$") == "c"
    and string.match("abc", "b$") == nil and string.match("a^b", "a^b") == "a^b"
    and string.match("a$b", "a$b") == "a$b")
assert(string.find("abc", "^b", 2) == 2 and string.match("", "^$") == "" and string.match("x$", "x%$$") == "x$")

-- %b, %f, back references.
assert(string.match("f(a(b)c)d", "%b()") == "(a(b)c)" and string.match("((x)", "%b()") == "(x)"
    and string.match("'it'", "%b''") == "'it'" and string.match("if x then", "%f[%w]%w+", 3) == "x")
assert(string.gsub("THE (quick) fox", "%f[%a]%a+", "W") == "W (W) W" and string.find("the end", "%f[%z]") == 8
    and string.match("abc abc", "(%w+) %1") == "abc" and string.match("'a\"b'", "(['\"])(.-)%1") == "'")
assert(string.match("abcabc", "((a)(b)c)%1") == "abc" and string.match("ab", "(a)(b)%2") == nil)

-- gsub.
assert(all(string.gsub("hello", "l", "L")) == "heLLo 2" and all(string.gsub("hello", "l", "L", 1)) == "heLlo 1"
    and all(string.gsub("hello", "l", "L", 0)) == "hello 0" and all(string.gsub("hello", "x", "y")) == "hello 0")
assert(all(string.gsub("abc", "", "-")) == "-a-b-c- 4" and all(string.gsub("abc", "%w", "%0%0")) == "aabbcc 3"
    and all(string.gsub("a b", "(%w) (%w)", "%2 %1")) == "b a 1" and all(string.gsub("abc", "b", "%%")) == "a%c 1"
    and all(string.gsub("x", "x", "%1")) == "x 1")
assert(string.gsub("$a $b $c", "%$(%w)", { a = "1", b = 2, c = false }) == "1 2 $c"
    and string.gsub("abc", "%w", function(c) if c == "b" then return "B" end end) == "aBc"
    and string.gsub("abc", "(a)(b)", function(x, y) return y .. x end) == "bac")
assert(string.gsub("abc", "b", function() return false end) == "abc"
    and string.gsub("abc", "()", { [1] = "x" }) == "xabc" and string.gsub("hello world", "o", "0", 1) == "hell0 world"
    and string.gsub("abc", "^a", "x") == "xbc" and string.gsub("aaa", "^a", "x") == "xaa")
assert(string.gsub("abc", "b*", "-") == "-a-c-" and string.gsub("  a  b ", "%s+", " ") == " a b "
    and string.gsub("x", ".", { x = 1.5 }) == "1.5" and string.gsub("x", "x", 7) == "7"
    and string.gsub("a,b,,c", ",", ";") == "a;b;;c")
assert(not pcall(string.gsub, "x", "x", "%2") and not pcall(string.gsub, "x", "x", "%")
    and not pcall(string.gsub, "x", "x", "%y") and not pcall(string.gsub, "x", "x")
    and not pcall(string.gsub, "x", "x", true))
assert(not pcall(string.gsub, "x", "x", function() return {} end) and not pcall(string.gsub, "x", "x", { x = true })
    and not pcall(string.gsub, "x", "x", error))

-- gmatch.
local function gather(...)
    local found = {}
    for a, b in string.gmatch(...) do found[#found + 1] = b and a .. "=" .. b or tostring(a) end
    return table.concat(found, " ")
end
assert(gather("one two  three", "%a+") == "one two three" and gather("a=1, b=2", "(%w+)=(%w+)") == "a=1 b=2"
    and gather("abc", "") == "   " and gather("abc", "()") == "1 2 3 4" and gather("", "x") == "")
assert(gather("hello", "l", 4) == "l" and gather("abcabc", "b", -3) == "b" and gather("abc", "^a") == ""
    and gather("a,b,,c", "([^,]*)") == "a b  c" and gather("xyz", ".", 10) == "")
local step = string.gmatch("ab", ".")
assert(step() == "a" and step() == "b" and step() == nil and not pcall(string.gmatch, "x"))

-- Malformed patterns.
for _, bad in ipairs{ "[", "[a", "[^", "[]", "[a-", "%", "(", "(()", "%1", "(%1)", "%b", "%bx", "%f", "%fa", "[%",
    "(a%2)" } do
    assert(not pcall(string.find, "abc", bad), bad)
    assert(not pcall(string.match, "abc", bad) and not pcall(string.gsub, "abc", bad, {})
        and not pcall(function() for _ in string.gmatch("abc", bad) do end end), bad)
end
assert(select("#", string.match("x", ("()"):rep(32))) == 32 and not pcall(string.match, "x", ("()"):rep(33)))
