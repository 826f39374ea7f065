-- Another order of singletons with a new one before, another number type, cells and fields that are new and gone.
singleton("sky", { light = 0.5 })
singleton("score", { sum = 0, text = "" })
template("tree", { height = 1 })
template("unit", { x = 0.0, hp = 1.0, mate = entity, path = array(0.25, 5), awake = true })
function on_frame(frame)
    engine.submit_each("act", "unit")
    engine.spawn_entity("tree", { height = frame })
    if frame % 6 == 1 then engine.submit("plan", frame, { deliver = "done" }) end
end
function jobs.act(id)
    local x, hp = engine.get(id, "x", "hp")
    engine.set(id, "x", x + math.cos(x) * 0.25)
    engine.set(id, "hp", hp * 0.75)
    engine.put(id, "path", 5, math.random())
end
function jobs.later(frame) engine.add("score", "sum", -frame) end
function jobs.plan(frame)
    engine.add("sky", "light", 1 / frame)
    engine.set("score", "text", "newer plan of frame " .. frame)
end
