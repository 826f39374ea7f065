-- Goal: the functions of utf8 as in the manual. Malformed text and what lies beyond Unicode are in utf8.lua.

local text = "aß€𐍈"  -- 1, 2, 3 and 4 bytes
assert(#text == 10 and utf8.char(97, 223, 8364, 66376) == text and utf8.char() == "" and utf8.char(0) == "\0"
    and not pcall(utf8.char, -1) and not pcall(utf8.char, "x"))
assert(utf8.len(text) == 4 and utf8.len("") == 0 and utf8.len(text, 2) == 3 and utf8.len(text, 4, 4) == 1
    and utf8.len(text, -4) == 1 and utf8.len(text, 11) == 0 and not pcall(utf8.len) and not pcall(utf8.len, text, 12)
    and not pcall(utf8.len, text, 1, 11))
local length, position = utf8.len("ab\xffcd")
assert(length == nil and position == 3 and select(2, utf8.len(text, 3)) == 3)

assert(utf8.codepoint(text) == 97 and select("#", utf8.codepoint(text, 1, -1)) == 4
    and select(4, utf8.codepoint(text, 1, -1)) == 66376 and utf8.codepoint(text, 2) == 223
    and utf8.codepoint(text, -4) == 66376)
assert(select("#", utf8.codepoint(text, 4, 3)) == 0 and not pcall(utf8.codepoint, text, 3)
    and not pcall(utf8.codepoint, text, 1, 100) and not pcall(utf8.codepoint, text, 0) and not pcall(utf8.codepoint))

local found = {}
for at, code in utf8.codes(text) do found[#found + 1] = at .. "=" .. code end
assert(table.concat(found, " ") == "1=97 2=223 4=8364 7=66376" and not pcall(utf8.codes))
for _ in utf8.codes("") do error("there is nothing") end

-- offset: from the beginning, from the end, from a place; the beginning of the character around a byte.
for n, at in ipairs{ 1, 2, 4, 7, 11 } do assert(utf8.offset(text, n) == at) end
for n, at in ipairs{ 7, 4, 2, 1 } do assert(utf8.offset(text, -n) == at) end
assert(utf8.offset(text, 6) == nil and utf8.offset(text, -5) == nil and utf8.offset(text, 2, 4) == 7
    and utf8.offset(text, -2, 7) == 2 and utf8.offset(text, 1, 11) == 11 and utf8.offset("", 1) == 1
    and utf8.offset("", 0) == 1)
for byte, at in ipairs{ 1, 2, 2, 4, 4, 4, 7, 7, 7, 7, 11 } do assert(utf8.offset(text, 0, byte) == at) end
assert(not pcall(utf8.offset, text, 1, 3) and not pcall(utf8.offset, text, 1, 12) and not pcall(utf8.offset, text)
    and not pcall(utf8.offset))

found = {}
for character in text:gmatch(utf8.charpattern) do found[#found + 1] = character end
assert(table.concat(found, "|") == "a|ß|€|𐍈" and text:match("^" .. utf8.charpattern) == "a")
