-- The same garden, after its author has changed the program: plants have leaves now.
singleton("garden", { rain = 1, soil = "" })
template("plant", { water = 0, leaves = 2 })

function on_frame()
    engine.submit_each("drink", "plant")
end

function jobs.drink(id)
    engine.add(id, "water", engine.get("garden", "rain"))
    if engine.get(id, "water") > 50 then engine.add(id, "leaves", 1) end
end

function jobs.survey() end
