-- Goal: get, at, alive, each, count, near, where and frame, on the main thread and in jobs.

template("unit", { x = 0.0, y = 0.0, team = 0, name = "", target = entity, cargo = any, armour = array(5, 3) })
template("tree", { x = 0.0, y = 0.0, height = 1 }, { grid = { "x", "y", cell = 2 }, keys = { "height" } })
template("plain", { n = 0 })
singleton("state", { n = 4, jobs = 0 })

local function list(ids) return table.concat(ids, " ") end
local function walked(template)
    local ids = {}
    for id in engine.each(template) do ids[#ids + 1] = id end
    return list(ids)
end

-- state is 1; units are 2 to 4; trees 5 to 8; unit 9 is dead.
function on_start(config)
    assert(type(config) == "table" and next(config) == nil and engine.frame() == 0)
    assert(engine.spawn_entity("unit", { x = 1.0, y = 2.0, team = 1, name = "a", cargo = { fuel = { 10, 20 }, 5 == 5
        and nil } }) == 2)
    assert(engine.spawn_entity("unit", { team = 2, target = 2 }) == 3
        and engine.spawn_entity("unit", { team = 1, x = 3.0, y = -4.0 }) == 4)
    for i = 1, 4 do assert(engine.spawn_entity("tree", { x = i * 1.0, y = 0, height = i % 2 }) == 4 + i) end
    assert(engine.spawn_entity("unit") == 9)
    engine.set(4, "target", 9)
    engine.destroy(9)
end

local function check(frame)
    -- get
    local x, team, name, target = engine.get(2, "x", "team", "name", "target")
    assert(x == 1.0 and team == 1 and name == "a" and target == nil and engine.get(3, "target") == 2
        and engine.get(4, "target") == nil)
    assert(select("#", engine.get(2, "x", "y", "target")) == 3 and select("#", engine.get(9, "x", "y")) == 2
        and engine.get(9, "x") == nil and engine.get(12345, "name") == nil)
    assert(engine.get("state", "n") == 4 and engine.get(1, "n") == 4 and list(engine.get(2, "armour")) == "5 5 5")
    local copy = engine.get(2, "cargo")
    copy.fuel[1] = 99
    assert(engine.get(2, "cargo").fuel[1] == 10)
    assert(not pcall(engine.get, 2, "no_field") and not pcall(engine.get, "no_singleton", "n")
        and not pcall(engine.get, "unit", "x") and not pcall(engine.get) and not pcall(engine.get, nil, "x")
        and not pcall(engine.get, 2, 5))
    assert(select(2, pcall(engine.get, 2, "nam")):find("name", 1, true), "the nearest name there is")
    -- at
    assert(engine.at(2, "armour", 3) == 5 and engine.at(2, "cargo", "fuel", 2) == 20
        and engine.at(2, "cargo", "fuel", 3) == nil and engine.at(2, "cargo", "none", "deeper") == nil)
    assert(engine.at(9, "armour", 1) == nil and engine.at(9, "cargo", "x") == nil
        and list(engine.at(2, "cargo", "fuel")) == "10 20")
    assert(not pcall(engine.at, 2, "armour", 0) and not pcall(engine.at, 2, "armour", 4)
        and not pcall(engine.at, 2, "x", 1) and not pcall(engine.at, 2, "armour", "a"))
    -- alive, count, each
    assert(engine.alive(2) and engine.alive(1) and not engine.alive(9) and not engine.alive(12345)
        and not engine.alive(nil) and not engine.alive(0) and not engine.alive(-1))
    assert(engine.count("unit") == 3 and engine.count("tree") == 4 and engine.count("plain") == 0
        and not pcall(engine.count, "no_template") and not pcall(engine.count))
    assert(walked("unit") == "2 3 4" and walked("tree") == "5 6 7 8" and walked("plain") == ""
        and not pcall(engine.each, "no_template"))
    -- near: the rim is included, with and without a grid
    assert(list(engine.near("unit", 0, 0, 5)) == "2 3 4" and list(engine.near("unit", 0.0, 0.0, 4.999)) == "2 3"
        and list(engine.near("unit", 3, -4, 0)) == "4" and list(engine.near("unit", 100, 100, 1)) == "")
    assert(list(engine.near("tree", 2.5, 0.0, 0.5)) == "6 7" and list(engine.near("tree", 0, 0, 100)) == "5 6 7 8"
        and list(engine.near("tree", 0, 3, 3.2)) == "5")
    assert(not pcall(engine.near, "plain", 0, 0, 1) and not pcall(engine.near, "unit", "x", 0, 1)
        and not pcall(engine.near, "unit", 0, 0) and list(engine.near("unit", 0, 0, -1)) == "")
    -- where
    assert(list(engine.where("unit", "team", 1)) == "2 4" and list(engine.where("unit", "team", 1.0)) == "2 4"
        and list(engine.where("unit", "name", "a")) == "2" and list(engine.where("unit", "target", 2)) == "3")
    assert(list(engine.where("unit", "target", nil)) == "2 4" and list(engine.where("tree", "height", 1)) == "5 7"
        and list(engine.where("unit", "team", 99)) == "" and list(engine.where("plain", "n", 0)) == "")
    assert(not pcall(engine.where, "unit", "no_field", 1) and not pcall(engine.where, "unit", "team", "1")
        and not pcall(engine.where, "no_template", "x", 1))
    -- frame
    assert(engine.frame() == frame and math.type(engine.frame()) == "integer")
end

function on_frame(frame)
    check(frame)
    engine.submit("look", frame)
end

function jobs.look(frame)
    check(frame)
    engine.add("state", "jobs", 1)
end

function on_commit(frame)
    if frame == 0 then return end
    check(frame)
    assert(engine.get("state", "jobs") == frame)
    if frame == 6 then print("checked") end
end
