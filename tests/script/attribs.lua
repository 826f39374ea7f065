-- Goal: <const> variables cannot be assigned to, <close> variables are closed in reverse order however their block is
-- left.

-- const: refused by the compiler.
local limit <const>, other <const> = 10, { n = 1 }
other.n = 2
assert(limit + other.n == 12)
for _, bad in ipairs{ "local x <const> = 1 x = 2", "local x <close> = nil x = 2",
    "local x <const> = 1 function f() x = 2 end", "local x <unknown> = 1",
                      "local x <close>, y <close> = nil, nil", "local x <const> = 1 for i = 1, 2 do x = i end",
                          "local function f <const>() end" } do
    assert(load(bad) == nil, bad)
end
assert(load("local x <const> = 1 do local x = 2 x = 3 return x end")() == 3)

-- close.
local log = {}
local function closing(name, action)
    return setmetatable({}, { __close = function(value, e)
        log[#log + 1] = name .. (e == nil and "" or ":" .. tostring(e))
        if action then return action(e) end
    end })
end
local function take() local text = table.concat(log, " ") log = {} return text end

do local a <close> = closing("a") local b <close> = closing("b") log[#log + 1] = "body" end
assert(take() == "body b a")
for i = 1, 3 do local x <close> = closing("x" .. i) if i == 2 then break end end
assert(take() == "x1 x2")
local function early() local a <close> = closing("a") local b <close> = closing("b") do return log[#log], "r" end end
assert(select(2, early()) == "r" and take() == "b a")
do local a <close> = closing("a") goto out end
::out::
assert(take() == "a")
local function values() local a <close> = closing("a") return 1, 2, 3 end
assert(select("#", values()) == 3 and select(3, values()) == 3
    and take() == "a a", "results are found before closing, which leaves them alone")
do local n = 0 while true do local x <close> = closing("w") n = n + 1 if n == 2 then break end end end
assert(take() == "w w")
do local n = 0 repeat local x <close> = closing("r") n = n + 1 until n == 2 end
assert(take() == "r r")

-- nil and false are not closed; other values need the metamethod when they come in, not later.
do local a <close>, b <const> = nil, 1 local c <close> = false end
assert(not pcall(function() local x <close> = 5 end) and not pcall(function() local x <close> = {} end)
    and not pcall(function() local x <close> = "s" end))
local before = closing("before")
assert(not pcall(function() local a <close> = before local b <close> = {} end) and take():find("^before:"))
do
    local late = closing("late")
    local meta = getmetatable(late)
    local function enter() local x <close> = late meta.__close = nil end
    assert(not pcall(enter))
    take()
end

-- Errors: each __close gets the error in flight, and may replace it; all are called.
local function caught(f, ...) return select(2, pcall(f, ...)) end
assert(caught(function() local a <close> = closing("a") local b <close> = closing("b") error("e", 0) end) == "e"
    and take() == "b:e a:e")
assert(caught(function() local a <close> = closing("a") local b <close> = closing("b",
    function() error("new", 0) end) error("old", 0) end) == "new")
assert(take() == "b:old a:new")
assert(caught(function() local a <close> = closing("a") local b <close> = closing("b",
    function() error("only", 0) end) end) == "only" and take() == "b a:only")

-- In coroutines: closed by coroutine.close, by an error, at the end; may yield.
local co = coroutine.create(function()
    local a <close> = closing("a")
    local b <close> = closing("b")
    coroutine.yield(1)
end)
assert(coroutine.resume(co) and take() == "" and coroutine.close(co) and take() == "b a"
    and coroutine.status(co) == "dead")
local steps = coroutine.wrap(function() local a <close> = closing("a",
    function() coroutine.yield("closing") end) return "end" end)
assert(steps() == "closing" and steps() == "end" and take() == "a")
local function tail() local a <close> = closing("a") return early() end
assert(select(2, tail()) == "r" and take() == "b a a", "with a variable to close a return is no tail call")
