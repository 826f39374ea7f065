-- Goal: keys whose order differs between machines are refused by every function that would show it, and named.

local function refused(what, kind, ...)
    local ok, message = pcall(what, ...)
    assert(not ok and message:find("unordered key: a " .. kind, 1, true), message)
end

local co = coroutine.create(function() end)
for kind, key in pairs{ table = {}, ["function"] = print, thread = co } do
    refused(pairs, kind, { [key] = 1 })
    refused(next, kind, { [key] = 1 })
    refused(next, kind, { [key] = 1, 2, 3 }, 1)
    refused(next, kind, { 1 }, key)
    refused(pairs, kind, { 1, 2, x = 1, [key] = 1 })
    local many = { [key] = 1 }
    for i = 1, 200 do many["k" .. i] = i end
    refused(pairs, kind, many)
end

-- As values they are welcome, and as keys that nobody walks.
local owners = { [co] = 1, [print] = 2 }
assert(owners[co] == 1 and owners[print] == 2)
for _, value in pairs{ print, co, {} } do assert(value) end

-- The message names the variable: a local one, an upvalue, a global, or a field of one.
local function told(f, ...)
    local ok, message = pcall(f, ...)
    assert(not ok)
    return message:match("is a key of (.-), and")
end
local seen = { [{}] = 1 }
owned_by_nobody = { [{}] = 1 }
local unit = { cargo = { [{}] = 1 } }
assert(told(function() for k in pairs(seen) do end end) == "'seen'")
assert(told(function() local mine = { [{}] = 1 } next(mine) end) == "'mine'")
assert(told(function() pairs(owned_by_nobody) end) == "'owned_by_nobody'")
assert(told(function() pairs(unit.cargo) end) == "'unit.cargo'")
assert(told(function() pairs({ [{}] = 1 }) end) == "this table")

-- The way out is for main.lua, while it loads.
local ok, message = pcall(arena_order)
assert(not ok and message:find("while it loads", 1, true), message)
