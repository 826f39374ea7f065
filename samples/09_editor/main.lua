-- A forest: trees grow, and an editor fells and plants them by inputs.
template("tree", { x = 0.0, y = 0.0, height = 1 }, { grid = { "x", "y", cell = 10 } })

function on_start()
    for i = 1, 50 do engine.spawn_entity("tree", { x = i % 10 * 10.0, y = i // 10 * 10.0 }) end
end

function on_input(source, input)
    if input.kind == "fell" then engine.destroy(input.tree) end
    if input.kind == "plant" then engine.spawn_entity("tree", { x = input.x, y = input.y }) end
end

function on_frame()
    engine.submit_each("grow", "tree", { every = 4 })
end

function jobs.grow(id)
    if math.random(3) > 1 then engine.add(id, "height", 1) end
end
