-- Goal: load takes text only, from a string or piece by piece, names chunks shortly, and keeps its errors to itself.

assert(load("return ...")(5) == 5 and load("return 1 + 1", "name", "t")() == 2 and load("return 1", "name", "bt")() == 1 and load(5) == nil)
local environment = { y = 3 }
assert(load("x = y return x", "name", "t", environment)() == 3 and environment.x == 3 and x == nil)
assert(load("return _ENV", "name", "t", nil)() == nil and not pcall(load("return print()", "name", "t", nil)))
local function pieces(list) local i = 0 return function() i = i + 1 return list[i] end end
assert(load(pieces{ "return ", "1 +", " 2" })() == 3 and load(pieces{ "return 1", "", "+ 5" })() == 1 and load(pieces{})() == nil)

-- Binary chunks, whole, in pieces, and in name only.
local binary = "\27Lua\x54\0\x19\x93\r\n\x1a\n"
for _, chunk in ipairs{ binary, "\27", "\27return 1" } do
    for _, mode in ipairs{ "t", "bt" } do
        local f, message = load(chunk, "name", mode)
        assert(f == nil and message:find("binary chunks are refused", 1, true))
        f, message = load(pieces{ chunk, "return 1" }, "name", mode)
        assert(f == nil and message:find("binary chunks are refused", 1, true))
    end
end
assert(load("return 1", "name", "b") == nil and load(binary, "name", "b") == nil)

-- Names are short and printable, wherever a project lies.
local function name_of(name) return (select(2, pcall(load("error('')", name))):match("^(.*):1: $")) end
assert(name_of("short") == "short" and name_of("=short") == "short" and name_of("@a/b.lua") == "a/b.lua" and name_of(nil) == "load")
assert(name_of("") == "load" and name_of("one\ntwo") == "one" and #name_of(("x"):rep(500)) <= 48 and name_of("\27[2J") == "load")

-- Errors of the source and of the reader.
assert(select("#", load("x =")) == 2 and load("x =") == nil)
local f, message = load(function() error("from the reader", 0) end)
assert(f == nil and message == "from the reader")
f, message = load(function() return nil + 1 end)
assert(f == nil and message == "engine error (its text is in the log)")
f, message = load(function() return {} end)
assert(f == nil and message:find("must return a string", 1, true))
assert(not pcall(load) and not pcall(load, {}) and not pcall(load, nil))
assert(not coroutine.wrap(function() return load(coroutine.yield) end)())
