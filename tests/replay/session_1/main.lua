-- A little of everything, small: the recording of it is kept for ever, see tests/cli/recording_golden.sh.
template("unit", { x = 0.0, hp = 60, name = "", mate = entity, bag = any, path = array(0, 5), awake = true })
singleton("score", { sum = 0 })
function on_start(config)
    for i = 1, config.units or 8 do engine.spawn_entity("unit", { x = i * 1.25, name = "unit " .. i }) end
end
function on_input(source, input) engine.set(input.unit, "mate", input.mate) end
function on_frame(frame)
    engine.submit_each("act", "unit")
    if frame % 7 == 0 then engine.submit("plan", frame, { deliver = 3 }) end
    if frame == 11 then error("a fault that is part of it") end
end
function jobs.act(id)
    local x, hp, mate = engine.get(id, "x", "hp", "mate")
    engine.set(id, "x", x + math.sin(x) * 0.5 + math.random())
    engine.add(id, "hp", -math.random(4), { min = 0 })
    engine.put(id, "path", math.random(5), math.floor(x))
    if hp == 0 then
        engine.destroy(id)
        engine.spawn_entity("unit", { x = x, name = "heir of " .. id, awake = false })
    elseif mate then
        engine.set(id, "bag", { mate = mate, seen = { x, hp } })
        engine.post_to_main_thread("met", { by = id, hp = hp })
    end
    if id % 5 == 0 and math.random(9) == 1 then while true do end end
end
function jobs.plan(frame) engine.add("score", "sum", frame) end
function actions.met(data) engine.add("score", "sum", data.hp) end
