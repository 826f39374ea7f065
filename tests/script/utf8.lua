-- Goal: utf8 as in the manual, and malformed text is an error on every patch release (5.4.4 accepted some in utf8.codes).

local function codes(text, lax)
    local list = {}
    for position, code in utf8.codes(text, lax) do list[#list + 1] = position .. ":" .. code end
    return table.concat(list, " ")
end
assert(codes("aé日𝄞") == "1:97 2:233 4:26085 7:119070" and codes("") == "" and codes("\0") == "1:0")

local malformed = { "\x80", "\x80ab", "ab\x80", "é\x80", "\xe6\x97", "\xe6", "\xff", "\xfe", "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                    "\xf4\x90\x80\x80", "\xed\xa0\x80", "a\xe6b", "\xf8\x88\x80\x80\x80" }
for _, text in ipairs(malformed) do
    assert(not pcall(codes, text), text)
    assert(utf8.len(text) == nil and math.type(select(2, utf8.len(text))) == "integer")
    assert(not pcall(utf8.codepoint, text, 1, #text))
end
assert(select(2, utf8.len("ab\x80")) == 3)

-- Surrogates and what lies beyond Unicode, only when asked for.
for _, text in ipairs{ "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xfd\xbf\xbf\xbf\xbf\xbf" } do
    assert(utf8.len(text, 1, -1, true) == 1 and codes(text, true):find("^1:") and utf8.codepoint(text, 1, 1, true))
end
assert(codes("\u{7FFFFFFF}", true) == "1:2147483647")

for _, code in ipairs{ 0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff } do
    assert(utf8.codepoint(utf8.char(code)) == code and utf8.len(utf8.char(code)) == 1)
end
assert(utf8.char() == "" and utf8.char(72, 228, 8364) == "Hä€" and utf8.char(0x7fffffff) == "\xfd\xbf\xbf\xbf\xbf\xbf")
assert(not pcall(utf8.char, -1) and not pcall(utf8.char, 0x80000000) and not pcall(utf8.char, "x"))

local text = "aé日𝄞"
assert(utf8.len(text) == 4 and utf8.len(text, 2) == 3 and utf8.len(text, -4) == 1 and utf8.len(text, 1, 3) == 2 and utf8.len("", 1) == 0)
assert(not pcall(utf8.len, text, 20) and not pcall(utf8.len, text, 1, 20))
assert(utf8.offset(text, 3) == 4 and utf8.offset(text, -1) == 7 and utf8.offset(text, 5) == 11 and utf8.offset(text, 6) == nil)
assert(utf8.offset(text, 0, 5) == 4 and utf8.offset(text, 1, 4) == 4 and utf8.offset(text, -1, 4) == 2)
assert(not pcall(utf8.offset, text, 1, 5) and not pcall(utf8.offset, text, 1, 100))
assert(select("#", utf8.codepoint(text, 1, -1)) == 4 and select("#", utf8.codepoint(text, 3, 2)) == 0)
local parts = {}
for part in text:gmatch(utf8.charpattern) do parts[#parts + 1] = part end
assert(#parts == 4 and table.concat(parts) == text and utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
