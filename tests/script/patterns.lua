-- Goal: patterns as in the manual, at their edges; errors in the words of Lua 5.4, whatever the release.

local function text_of(...)
    local all = table.pack(...)
    for i = 1, all.n do all[i] = tostring(all[i]) end
    return table.concat(all, " ")
end
local function gives(expected, ...)
    local found = text_of(...)
    if found ~= expected then error(("%q, expected %q"):format(found, expected), 2) end
end

-- Where a find begins.
gives("1 0", (""):find(""))
gives("nil", (""):find("", 2))
gives("3 2", ("ab"):find("", 3))
gives("nil", ("ab"):find("", 4))
gives("1 1", ("abc"):find("a", -100))
gives("2 3", ("abc"):find("bc", -2))
gives("nil", ("abc"):find("bc", -1))
gives("nil", ("abc"):find("^b"))
gives("2 2", ("abc"):find("^b", 2))
gives("4 4", ("a.a."):find(".", 3, true))
gives("nil", ("abc"):find("abcd", 1, true))
gives("3 4", ("\0a\0b"):find("\0b"))
gives("1 2000", ("x"):rep(2000):find(("x"):rep(2000), 1, true))
gives("21 22", (("a"):rep(20) .. "bb"):find("bb", 1, true))
gives("40 41", (("a"):rep(40) .. "b"):find("ab", 1, true))

-- Repetition: as much as there is, as little as will do, one or none.
gives("aaa", ("aaab"):match("a*"))
gives("aaab", ("aaab"):match("a-b"))
gives("", ("aaab"):match("a-"))
gives(" b", ("b"):match("(a?)(b?)"))
gives("aa a", ("aaa"):match("(a+)(a+)"))
gives("a-", ("a-"):match("^a%-$"))
gives("*", ("*"):match("*"))  -- a suffix without an item stands for itself
gives("^", ("a^"):match("%^"))
gives("a^", ("a^"):match("a^"))
gives("a$b", ("a$b"):match("a$b"))
gives("x", ("x"):match("^x$"))
gives("nil", ("xx"):match("^x$"))

-- Sets.
gives("]", ("a]"):match("[]]"))
gives("a", ("a]"):match("[^]]"))
gives("a-", ("a-z"):match("[a-]*"))
gives("-", ("b-"):match("[a%-z]"))
gives("^", ("^"):match("[x^]"))
gives("z", ("az"):match("[^a-y]"))
gives("a1-", ("a1-"):match("[%a-1]+"))
gives("\xff\x80", ("a\xff\x80b"):match("[\x80-\xff]+"))
gives("\0\1", ("\0\1\2"):match("[\0-\1]+"))
gives("nil", ("b"):match("[z-a]"))

-- Captures, positions, what was captured before.
gives("2 nil", ("a)"):find(")"), ("a"):find(")"))
gives("1 3", ("abc"):match("()ab()"))
gives("2 2 2 3", ("abc"):find("()b()"))
gives("abab ab", ("xababx"):match("((ab)%2)"))
gives("\" it's", ([[x = "it's"]]):match([[(["'])(.-)%1]]))
gives("nil", ("aa"):match("()a%1"))  -- a position is no text
gives("a b c", ("abc"):match("(.)(.)(.)"))
gives("32", select("#", ("x"):rep(32):match(("(x)"):rep(32))))

-- Pairs and frontiers.
gives("(a(b)c)", ("f(a(b)c)d)"):match("%b()"))
gives("nil", ("((a)"):match("^%b()"))
gives("xyx", ("xyxx"):match("%bxx"))
gives("THE 4", ("THE (quick) fox"):match("%f[%a](%a+)()"))
gives("_ (_) _", ("THE (quick) fox"):gsub("%f[%a]%a+%f[%A]", "_"):match(".*"))
gives("1 0", ("a"):find("%f[a]"))
gives("2 1", ("a"):find("%f[%z]"))
gives("2 1", ("a"):find("%f[\0]"))

-- gmatch: the captures or all of it, no match twice at one place, where it begins, no anchor.
local function all(...)
    local found = {}
    for a, b in string.gmatch(...) do found[#found + 1] = tostring(a) .. (b and ":" .. tostring(b) or "") end
    return table.concat(found, ",")
end
gives("a:1,b:2", all("a=1, b=2", "(%w+)=(%w+)"))
gives(",,,", all("abc", ""))
gives("1,2,3,4", all("abc", "()"))
gives(",b,", all("abc", "b*"))
gives("b,c c 4 ", all("abc", "%w", 2), all("abc", "%w", -1), all("abc", "()", 4), all("abc", "()", 5))
gives("^a,^a", all("^a^a", "^a"))
local step = ("ab"):gmatch(".")
gives("a b", step(), step())
assert(step() == nil and step() == nil)
local one, other = ("ab"):gmatch("."), ("cd"):gmatch(".")
gives("a c b d", one(), other(), one(), other())

-- gsub.
gives("-a-b-c- 4", ("abc"):gsub("", "-"))
gives("-b- 2", ("aab"):gsub("a*", "-"))
gives("b-a 1", ("a-b"):gsub("(%w)-(%w)", "x"):gsub("x", "b-a"))
gives("b-a 1", ("a-b"):gsub("(%w)%-(%w)", function(a, b) return b .. "-" .. a end))
gives("xbc 1", ("abc"):gsub("^%w", "x"))
gives("abc 0", ("abc"):gsub("^b", "x"))
gives("abc 0", ("abc"):gsub("%w", "x", 0))
gives("abc 0", ("abc"):gsub("%w", "x", -1))
gives("xxc 2", ("abc"):gsub("%w", "x", 2))
gives("a%b 1", ("a b"):gsub(" ", "%%"))
gives("1b 1", ("ab"):gsub("a", 1))
gives("1.5b2 2", ("abc"):gsub("[ac]", { a = 1.5, c = 2 }))
gives("abc 3", ("abc"):gsub("%w", { a = false }))
gives("abc 3", ("abc"):gsub("%w", function() end))
gives("123 3", ("abc"):gsub("()%w", "%1"))
gives("xbc 3", ("abc"):gsub("()%w", { "x", false }))
gives("a.b. 2", ("ab"):gsub("%w", setmetatable({}, { __index = function(_, key) return key .. "." end })))
gives("nan-nan 2", ("aa"):gsub("a", { a = "nan" }):gsub("nannan", "nan-nan"):gsub("nan", { nan = 0 / 0 }))
assert(("a"):rep(5000):gsub("a", "bc") == ("bc"):rep(5000))
assert(("a"):rep(3000):gsub("a", function(a) return a:rep(3) end) == ("a"):rep(9000))

-- Errors are the script's to see, in the same words everywhere.
local function fails(expected, ...)
    local ok, message = pcall(...)
    if ok or message ~= expected then error(("%q, expected %q"):format(tostring(message), expected), 2) end
end
for _, name in ipairs{ "find", "match" } do
    local try = string[name]
    fails("malformed pattern (ends with '%')", try, "a", "a%")
    fails("malformed pattern (missing ']')", try, "a", "[a")
    fails("malformed pattern (missing ']')", try, "a", "[a%]")
    fails("malformed pattern (missing arguments to '%b')", try, "a", "%b(")
    fails("missing '[' after '%f' in pattern", try, "a", "%fa")
    fails("unfinished capture", try, "a", "(a")
    fails("invalid pattern capture", try, "a", ".)")
    fails("invalid capture index %1", try, "a", "(%1)")
    fails("invalid capture index %2", try, "aa", "(a)%2")
    fails("invalid capture index %0", try, "a", "%0")
    fails("too many captures", try, ("a"):rep(40), ("(a)"):rep(33))
    fails("pattern too complex", try, ("a"):rep(400), ("a?"):rep(201))
    fails("pattern too long (the limit is 1000 bytes)", try, "a", ("a"):rep(1001))
end
fails("invalid use of '%' in replacement string", string.gsub, "a", "a", "%x")
fails("invalid use of '%' in replacement string", string.gsub, "a", "a", "x%")
fails("invalid capture index %2", string.gsub, "a", "(a)", "%2")
fails("invalid replacement value (a table)", string.gsub, "a", "a", { a = {} })
fails("invalid replacement value (a function)", string.gsub, "a", "a", function() return print end)
local message = select(2, pcall(function() return ("a"):find("%") end))
gives("patterns.lua:N: malformed pattern (ends with '%')", (message:gsub(":%d+:", ":N:")))
local much = ("y"):rep(1000)
for _, by in ipairs{ much, "%0" .. much, { x = much }, function() return much end } do
    fails("string.gsub: the result would be longer than 64 MiB", string.gsub, ("x"):rep(70000), "x", by)
end

-- A mistake shows where the matching comes to it, and nowhere else.
gives("nil", ("x"):find("y%"))
gives("x 0", ("x"):gsub("y", "%x"))
