-- Goal: coroutines as in the manual, nested to a fixed depth, and closing never overflows the C stack.

local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    local d, e = coroutine.yield(c * 2)
    return d, e, "end"
end)
assert(coroutine.status(co) == "suspended")
local function all(...) local t = table.pack(...) for i = 1, t.n do t[i] = tostring(t[i]) end return table.concat(t, " ") end
assert(all(coroutine.resume(co, 1, 2)) == "true 3" and all(coroutine.resume(co, 10)) == "true 20" and all(coroutine.resume(co, 7, 8)) == "true 7 8 end")
assert(coroutine.status(co) == "dead" and all(coroutine.resume(co)) == "false cannot resume dead coroutine")

local count = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
assert(count() == 1 and count() == 2 and count() == 3 and count() == nil and not pcall(count))
assert(not pcall(coroutine.create, 5) and not pcall(coroutine.resume, 5) and not pcall(coroutine.wrap, nil) and not pcall(coroutine.status, {}))

-- The run itself looks like stock Lua's main coroutine.
local running, is_main = coroutine.running()
assert(type(running) == "thread" and is_main and not coroutine.isyieldable() and coroutine.status(running) == "running")
assert(select(2, pcall(coroutine.yield)):find("outside a coroutine", 1, true) and not pcall(coroutine.close, running))
coroutine.wrap(function()
    local inner, inner_is_main = coroutine.running()
    assert(inner ~= running and not inner_is_main and coroutine.isyieldable() and coroutine.status(running) == "normal")
    assert(all(coroutine.resume(running)) == "false cannot resume non-suspended coroutine" and not pcall(coroutine.close, running))
    assert(all(coroutine.resume(inner)) == "false cannot resume non-suspended coroutine" and not coroutine.isyieldable(running) == not coroutine.isyieldable(running))
end)()

-- Yields across protected calls, metamethods and iterators; not across C functions that cannot be left.
local trace = {}
local odd = coroutine.wrap(function()
    local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end, __add = function() return coroutine.yield("add") end })
    trace[#trace + 1] = t.field
    trace[#trace + 1] = t + 1
    for value in function() return coroutine.yield("step") end do trace[#trace + 1] = value end
    return "done"
end)
assert(odd() == "field" and odd("f") == "add" and odd(5) == "step" and odd("v") == "step" and odd(nil) == "done" and all(table.unpack(trace)) == "f 5 v")
assert(not pcall(coroutine.wrap(function() string.gsub("a", "a", coroutine.yield) end)))
assert(not pcall(coroutine.wrap(function() table.sort({ 2, 1 }, coroutine.yield) end)))

-- Depth: one limit on every machine, and an error like any other.
local function depth_of(descend)
    local deepest = 0
    local function go(n) deepest = math.max(deepest, n) descend(function() go(n + 1) end) end
    go(0)
    return deepest
end
assert(depth_of(function(f) coroutine.resume(coroutine.create(f)) end) == 80)
assert(depth_of(function(f) pcall(coroutine.wrap(f)) end) == 80)

-- Closing.
local log = {}
local function closing(name, action)
    return setmetatable({}, { __close = function(_, e) log[#log + 1] = name .. tostring(e) if action then action() end end })
end
co = coroutine.create(function() local a <close> = closing("a") local b <close> = closing("b") coroutine.yield() end)
coroutine.resume(co)
assert(coroutine.close(co) == true and coroutine.status(co) == "dead" and coroutine.close(co) == true and table.concat(log, " ") == "bnil anil")
assert(coroutine.close(coroutine.create(print)) == true)
co = coroutine.create(function() local a <close> = closing("a", function() error("closing", 0) end) coroutine.yield() end)
coroutine.resume(co)
assert(all(coroutine.close(co)) == "false closing")
co = coroutine.create(function() local a <close> = closing("a", function() coroutine.yield() end) coroutine.yield() end)
coroutine.resume(co)
assert(coroutine.close(co) == false)

-- A chain of coroutines that close the next one as they are closed: stock 5.4.4 dies of it. A child process runs one of
-- 300,000; the limit is the same.
local function chain(length)
    local inner
    for i = 1, length do
        local next_one = inner
        inner = coroutine.create(function()
            local x <close> = closing("", function() if next_one then assert(coroutine.close(next_one)) end end)
            coroutine.yield()
        end)
        coroutine.resume(inner)
    end
    return coroutine.close(inner)
end
assert(chain(1) and chain(4))
for _, length in ipairs{ 5, 6, 1000 } do
    local ok, message = chain(length)
    assert(not ok and message:find("closed inside each other too deeply", 1, true))
end
assert(chain(4), "the depth is back at zero")
