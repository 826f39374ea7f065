-- Goal: set, add, put, spawn_entity and destroy: at once on the main thread, at the commit in jobs, and nothing for the
-- dead.

template("unit", { x = 0.0, hp = 10, name = "", target = entity, cargo = any, armour = array(5, 3) })
singleton("state", { unit = entity, made = entity, n = 0 })

local function tried(f, ...) return not pcall(f, ...) end

function on_start()
    -- At once.
    local id = engine.spawn_entity("unit", { hp = 3, cargo = { 1, 2 } })
    engine.set("state", "unit", id)
    assert(engine.alive(id) and engine.get(id, "hp") == 3 and engine.get(id, "x") == 0.0 and engine.count("unit") == 1)
    engine.set(id, "name", "Ann")
    engine.set(id, "target", id)
    assert(engine.get(id, "name") == "Ann" and engine.get(id, "target") == id)
    engine.set(id, "target", nil)
    assert(engine.get(id, "target") == nil)

    -- add: to either number type, clamped to min, then to max; integers wrap around.
    engine.add(id, "hp", 4) assert(engine.get(id, "hp") == 7)
    engine.add(id, "hp", -20, { min = 0 }) assert(engine.get(id, "hp") == 0)
    engine.add(id, "hp", 500, { max = 100 }) assert(engine.get(id, "hp") == 100)
    engine.add(id, "hp", 5, { min = 200, max = 150 }) assert(engine.get(id, "hp") == 150)
    engine.set(id, "hp", math.maxinteger)
    engine.add(id, "hp", 1) assert(engine.get(id, "hp") == math.mininteger)
    engine.set(id, "hp", 10)
    engine.add(id, "x", 1) engine.add(id, "x", 0.5) assert(engine.get(id, "x") == 1.5 and engine.get(id, "hp") == 10)
    engine.add(id, "hp", 2.0) assert(engine.get(id, "hp") == 12)
    assert(tried(engine.add, id, "hp", 0.5) and tried(engine.add, id, "name", 1) and tried(engine.add, id, "hp", "1")
        and tried(engine.add, id, "hp") and tried(engine.add, id, "nothing", 1))

    -- put: cells, and paths in an any field.
    engine.put(id, "armour", 2, 9)
    assert(table.concat(engine.get(id, "armour"), " ") == "5 9 5" and tried(engine.put, id, "armour", 4, 1)
        and tried(engine.put, id, "armour", 1, "x") and tried(engine.put, id, "hp", 1, 1))
    engine.set(id, "armour", { 1, 2, 3 })
    assert(engine.at(id, "armour", 3) == 3)
    engine.put(id, "cargo", 3, "appended")
    engine.put(id, "cargo", 1, nil == nil and "first" or 0)
    assert(engine.at(id, "cargo", 1) == "first" and #engine.get(id, "cargo") == 3)
    engine.put(id, "cargo", 3, nil)
    assert(#engine.get(id, "cargo") == 2)
    engine.set(id, "cargo", { deep = { list = { 1 } } })
    engine.put(id, "cargo", "deep", "list", 2, { here = true })
    engine.put(id, "cargo", "deep", "other", 5)
    assert(engine.at(id, "cargo", "deep", "list", 2, "here") == true and engine.at(id, "cargo", "deep", "other") == 5)
    engine.put(id, "cargo", "deep", "other", nil)
    assert(engine.at(id, "cargo", "deep", "other") == nil and engine.at(id, "cargo", "deep", "list", 1) == 1)

    -- What is no value.
    local ring = {}
    ring[1] = ring
    for _, bad in ipairs{ ring, { print }, { 1, nil, 3 }, { [{}] = 1 }, { [1.5] = 1 }, { [true] = 1 },
        { coroutine.create(print) } } do assert(tried(engine.set, id, "cargo", bad)) end
    for _, good in ipairs{ {}, { 1, 2 }, { a = { b = {} } }, "text", 5, 1.5, true, { [5] = 1, [-1] = 2, x = 3 } } do
        engine.set(id, "cargo", good)
        assert(type(engine.get(id, "cargo")) == type(good))
    end

    -- Spawning and dying.
    assert(tried(engine.spawn_entity, "no_template") and tried(engine.spawn_entity, "state")
        and tried(engine.spawn_entity, "unit", { no_field = 1 }) and tried(engine.spawn_entity, "unit", { hp = "x" })
        and tried(engine.spawn_entity))
    local brief = engine.spawn_entity("unit")
    assert(brief > id)
    engine.set(id, "target", brief)
    engine.destroy(brief)
    assert(not engine.alive(brief) and engine.get(id, "target") == nil and tried(engine.destroy, "state"))
    engine.destroy(brief) engine.set(brief, "hp", 1) engine.add(brief, "hp", 1) engine.put(brief, "armour", 1, 1)
    assert(engine.spawn_entity("unit") > brief, "ids are never used again")
end

function on_frame(frame)
    if frame == 1 then engine.submit("change") engine.submit("change") end
end

function jobs.change()
    -- A job sees nothing of what it asks for, but the id of what it spawns is final.
    local id = engine.get("state", "unit")
    local made = engine.spawn_entity("unit", { hp = 1 })
    engine.add("state", "n", 1)
    engine.set("state", "made", made)
    engine.set(made, "name", "made")
    engine.add(id, "hp", 1)
    assert(not engine.alive(made) and engine.get("state", "n") == 0 and engine.get(id, "hp") == 12
        and engine.count("unit") == 2 and math.type(made) == "integer")
    local gone = engine.spawn_entity("unit")
    engine.destroy(gone)
    assert(tried(engine.set, id, "hp", "x") and tried(engine.add, id, "hp", 0.5))
end

function on_commit(frame)
    if frame == 1 then
        local made, id = engine.get("state", "made", "unit")
        assert(engine.get("state", "n") == 2 and engine.get(made, "name") == "made" and engine.get(made, "hp") == 1
            and engine.get(id, "hp") == 14 and engine.count("unit") == 4)
    end
    if frame == 6 then print("checked") end
end
