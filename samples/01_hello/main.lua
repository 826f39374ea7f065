template("spark", { x = 0.0, y = 0.0, heat = 50 })

function on_start(config)
    for i = 1, config.sparks or 1000 do
        engine.spawn_entity("spark", { x = math.random() * 100.0, y = math.random() * 100.0 })
    end
end

function on_frame(frame)
    engine.submit_each("glow", "spark")
    if frame % 20 == 0 then print(engine.count("spark") .. " sparks glow") end
end

function jobs.glow(id)
    local x, y, heat = engine.get(id, "x", "y", "heat")
    if heat <= 0 then return engine.destroy(id) end
    local neighbours = #engine.near("spark", x, y, 4.0) - 1
    engine.add(id, "heat", neighbours - math.random(0, 10), { max = 50 })
end
