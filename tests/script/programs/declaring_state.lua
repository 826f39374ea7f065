-- Goal: template, singleton, array, entity and any: a field's type is that of its default, and bad declarations are
-- errors.

template("thing", { whole = 7, real = 1.5, flag = true, text = "t", other = entity, free = any, cells = array(0, 3),
    flags = array(false, 2), friends = array(entity, 2) })
template("placed", { x = 0.0, y = 0, kind = "" }, { grid = { "x", "y", cell = 4 }, keys = { "kind" } })
singleton("state", { step = 1, free = any })

local function refused(text, f, ...)
    local ok, message = pcall(f, ...)
    assert(not ok and tostring(message):find(text, 1, true), tostring(message))
end
refused("thing", template, "thing", { a = 1 })
refused("state", singleton, "state", { a = 1 })
for _, bad in ipairs{ "a b", "", "1a", "a.b" } do
    assert(not pcall(template, bad, { a = 1 }) and not pcall(template, "good_name" .. #bad, { [bad] = 1 })
        and not pcall(singleton, bad, {}))
end
for i, bad in ipairs{ {}, print, coroutine.create(print) } do assert(not pcall(template, "bad" .. i,
    { field = bad })) end
assert(not pcall(template) and not pcall(template, "t1") and not pcall(template, "t2", 5)
    and not pcall(template, "t3", { [1] = 5 }) and not pcall(template, 5, {}))
assert(not pcall(array) and not pcall(array, 0) and not pcall(array, 0, 0) and not pcall(array, 0, -1)
    and not pcall(array, 0, 2^24 + 1 | 0) and not pcall(template, "t0", { a = array("text", 3) })
    and not pcall(template, "t0", { a = array(any, 3) }) and not pcall(array, 0, 1.5))
assert(not pcall(template, "t4", { x = 0.0 }, { grid = { "x", "y", cell = 1 } })
    and not pcall(template, "t5", { x = 0.0, y = 0.0 }, { grid = { "x", "y", cell = 0 } }))
assert(not pcall(template, "t6", { a = 1 }, { keys = { "b" } })
    and not pcall(template, "t7", { a = 1 }, { unknown = 1 }))
assert(not pcall(engine.get, "state", "step"), "there is no world while the program loads")

function on_start()
    assert(engine.get("state", "step") == 1 and engine.get("state", "free") == nil)
    local id = engine.spawn_entity("thing")
    local whole, real, flag, text, other, free, cells, flags,
        friends = engine.get(id, "whole", "real", "flag", "text", "other", "free", "cells", "flags", "friends")
    assert(whole == 7 and math.type(whole) == "integer" and real == 1.5 and flag == true and text == "t"
        and other == nil and free == nil)
    assert(#cells == 3 and cells[3] == 0 and #flags == 2 and flags[1] == false and next(friends) == nil)
    assert(not pcall(template, "late", { a = 1 }) and not pcall(singleton, "late", { a = 1 }),
        "only while the program loads")

    -- Numbers convert where that is exact; nothing else does.
    engine.set(id, "whole", 3.0)
    assert(math.type(engine.get(id, "whole")) == "integer" and engine.get(id, "whole") == 3)
    engine.set(id, "real", 4)
    assert(math.type(engine.get(id, "real")) == "float" and engine.get(id, "real") == 4.0)
    for field, bads in pairs{ whole = { 3.5, "3", true, {}, 2^63 }, real = { "1", false, {}, (1 << 53) + 1 },
        flag = { 0, "", "true" }, text = { 5, true, {} },
                              other = { "x", 1.5, true, -1 }, free = { print, setmetatable },
                                  cells = { 5, { 1, 2 }, { 1, 2, "3" }, { 1, 2, 3, 4 } } } do
        for i, bad in ipairs(bads) do assert(not pcall(engine.set, id, field, bad), field .. " " .. i) end
    end
    assert(not pcall(engine.set, id, "whole", nil) and not pcall(engine.set, id, "text", nil))
    assert(engine.get(id, "whole") == 3 and engine.get(id, "real") == 4.0 and engine.get(id, "flag") == true
        and engine.get(id, "text") == "t")
end

function on_commit(frame)
    if frame == 6 then print("checked") end
end
