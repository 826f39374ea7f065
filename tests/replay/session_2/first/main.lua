-- A session with a reload, the console and work that is delivered when it is done: its recordings are kept for ever, see
-- tests/cli/recording_golden.sh.
singleton("score", { sum = 0, text = "" })
template("unit", { x = 0.0, hp = 600, name = "", mate = entity, path = array(0, 3) })
function on_start()
    local last
    for i = 1, 8 do last = engine.spawn_entity("unit", { x = i * 1.25, name = "unit " .. i, mate = last }) end
end
function on_frame(frame)
    engine.submit_each("act", "unit")
    engine.submit("later", frame, { delay = 4 })
    if frame % 6 == 1 then engine.submit("plan", frame, { deliver = "done" }) end
end
function jobs.act(id)
    local x = engine.get(id, "x")
    engine.set(id, "x", x + math.sin(x) * 0.5 + math.random())
    engine.add(id, "hp", -math.random(4))
    engine.put(id, "path", math.random(3), math.floor(x))
end
function jobs.later(frame) engine.add("score", "sum", frame) end
function jobs.plan(frame) engine.set("score", "text", "plan of frame " .. frame) end
