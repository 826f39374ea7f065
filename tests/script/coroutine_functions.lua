-- Goal: each function of coroutine as in the manual. Depth and closing inside each other are in coroutines.lua.

-- create, resume, yield, status: values go in and out, errors end a coroutine.
local co = coroutine.create(function(...)
    assert(select("#", ...) == 2)
    local a, b, c = coroutine.yield("first", nil, 3)
    assert(a == "in" and b == nil and c == nil)
    assert(select("#", coroutine.yield()) == 0)
    return "end", nil
end)
assert(type(co) == "thread" and coroutine.status(co) == "suspended")
local results = table.pack(coroutine.resume(co, 1, nil))
assert(results.n == 4 and results[1] == true and results[2] == "first" and results[4] == 3
    and coroutine.status(co) == "suspended")
assert(select("#", coroutine.resume(co, "in")) == 1)
results = table.pack(coroutine.resume(co))
assert(results.n == 3 and results[2] == "end" and coroutine.status(co) == "dead" and coroutine.resume(co) == false
    and type(select(2, coroutine.resume(co))) == "string")
co = coroutine.create(function() error("thrown", 0) end)
local ok, message = coroutine.resume(co)
assert(not ok and message == "thrown" and coroutine.status(co) == "dead")
for _, bad in ipairs{ 5, "x", {}, true } do
    assert(not pcall(coroutine.create, bad) and not pcall(coroutine.resume, bad) and not pcall(coroutine.status, bad)
        and not pcall(coroutine.wrap, bad) and not pcall(coroutine.close, bad))
end
assert(not pcall(coroutine.create) and not pcall(coroutine.resume) and not pcall(coroutine.status)
    and not pcall(coroutine.close))

-- running, isyieldable, and the states.
local main, is_main = coroutine.running()
assert(type(main) == "thread" and is_main == true)
local outer, inner
outer = coroutine.create(function()
    assert(coroutine.running() == outer and select(2, coroutine.running()) == false and coroutine.isyieldable()
        and coroutine.isyieldable(outer))
    inner = coroutine.create(function()
        assert(coroutine.status(outer) == "normal" and coroutine.status(inner) == "running"
            and coroutine.status(main) == "normal")
        assert(coroutine.resume(outer) == false and coroutine.resume(inner) == false)
        coroutine.yield()
    end)
    assert(coroutine.resume(inner) and coroutine.status(inner) == "suspended")
end)
assert(coroutine.resume(outer) and coroutine.status(outer) == "dead")

-- wrap: no status in front, errors go on.
local step = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return a + b, "more" end)
assert(step(1) == 2 and select("#", step(10)) == 2 and not pcall(step))
local failing = coroutine.wrap(function() coroutine.yield() error({ code = 7 }) end)
failing()
ok, message = pcall(failing)
assert(not ok and message.code == 7 and not pcall(failing))
local numbers = {}
for n in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end) do numbers[#numbers + 1] = n end
assert(table.concat(numbers, " ") == "1 4 9")

-- yield across protected calls, metamethods, iterators, and from nested functions.
local trace = coroutine.wrap(function()
    local function deep(n) if n == 0 then return coroutine.yield("deep") end return deep(n - 1) end
    local a = deep(50)
    local ok, b = pcall(coroutine.yield, "pcall")
    local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end })
    local ok2, e = pcall(function() coroutine.yield("inside") error("late", 0) end)
    return a .. b .. t.key .. tostring(ok2) .. e
end)
assert(trace() == "deep" and trace("A") == "pcall" and trace("B") == "inside" and trace() == "key"
    and trace("C") == "ABCfalselate")

-- close: a suspended or dead one.
co = coroutine.create(function() coroutine.yield() end)
assert(coroutine.close(co) == true and coroutine.status(co) == "dead" and coroutine.resume(co) == false)
co = coroutine.create(error)
coroutine.resume(co, "why")
ok, message = coroutine.close(co)
assert(ok == false and message == "why" and coroutine.close(co) == true)
co = coroutine.create(function() local x <close> = setmetatable({},
    { __close = function(_, e) message = e end }) coroutine.yield() end)
coroutine.resume(co)
message = "before"
assert(coroutine.close(co) and message == nil and not pcall(coroutine.close, coroutine.running()))
assert(not pcall(function() coroutine.wrap(function() assert(coroutine.close(main)) end)() end))

-- Many at a time.
local all = {}
for i = 1, 200 do
    all[i] = coroutine.wrap(function() local sum = i while true do sum = sum + coroutine.yield(sum) end end)
end
for i = 1, 200 do assert(all[i]() == i) end
for i = 200, 1, -1 do assert(all[i](i) == 2 * i) end
