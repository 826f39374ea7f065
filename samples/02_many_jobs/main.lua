-- Many jobs: one call of submit_each asks for a job for each entity. Each job reads the world as it was when the frame's
-- jobs began, so none sees what another asks for, and any number of workers gives the same world.
--
-- config: cells = how many (4096).
template("cell", { value = 0, left = entity, right = entity })
singleton("total", { sum = 0, jobs = 0 })

function on_start(config)
    local first, last
    for i = 1, config.cells or 4096 do
        local cell = engine.spawn_entity("cell", { value = math.random(0, 1), left = last })
        if last then engine.set(last, "right", cell) end
        first, last = first or cell, cell
    end
    engine.set(first, "left", last)  -- a ring
    engine.set(last, "right", first)
end

function on_frame(frame)
    engine.submit_each("evolve", "cell")                    -- each cell, each frame: a job for each
    engine.submit_each("age", "cell", { every = 16 })       -- a sixteenth of them in each frame, staggered by id
    engine.submit_each("sum_up", "cell", { batch = 512 })   -- jobs for lists of 512 ids
    engine.set("total", "sum", 0)
end

-- Rule 110, where `value` is 0 or 1.
function jobs.evolve(id)
    local value, left, right = engine.get(id, "value", "left", "right")
    local pattern = 4 * (engine.get(left, "value") & 1) + 2 * (value & 1) + (engine.get(right, "value") & 1)
    engine.set(id, "value", 110 >> pattern & 1)
end

function jobs.age(id)
    engine.add("total", "jobs", 1)
end

function jobs.sum_up(ids)
    local sum = 0
    for _, id in ipairs(ids) do sum = sum + engine.get(id, "value") end
    engine.add("total", "sum", sum)
end

function on_commit(frame)
    if frame % 20 == 0 then
        local sum, staggered = engine.get("total", "sum", "jobs")
        print(sum .. " cells are alive, " .. staggered .. " staggered jobs so far")
    end
end
