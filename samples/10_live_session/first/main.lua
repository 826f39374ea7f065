-- A garden in a live session: see ../main.cpp. Plants drink what rains, and a survey of the soil takes longer than a frame.
singleton("garden", { rain = 1, soil = "" })
template("plant", { water = 0 })

function on_start()
    for i = 1, 100 do engine.spawn_entity("plant", { water = i }) end
    engine.submit("survey", { seed = 7 }, { deliver = "done" })
end

function on_frame()
    engine.submit_each("drink", "plant")
end

function jobs.drink(id)
    engine.add(id, "water", engine.get("garden", "rain"))
end

function jobs.survey(plan)
    local sum = 0
    for i = 1, 1000000 do sum = (sum * 31 + plan.seed) % 65521 end
    engine.set("garden", "soil", "sample " .. sum)
    print("the soil is surveyed")
end
