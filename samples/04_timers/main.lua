-- Timers: scripts keep no state between runs, so what happens later is a job that is due later. It gets as argument what it
-- must remember, and it submits itself again if there is more to do.
template("lamp", { lit = false, blinks = 0 })
singleton("clock", { bells = 0, longest = 0 })

function on_start(config)
    for number = 1, config.lamps or 8 do
        local lamp = engine.spawn_entity("lamp")
        engine.submit("blink", { lamp = lamp, left = 5 + number, pause = number }, { delay = number })
    end
    engine.submit("strike", nil, { delay = 10 })
end

-- A behaviour that sleeps: `pause` frames between two blinks.
function jobs.blink(memory)
    local lit = engine.get(memory.lamp, "lit")
    engine.set(memory.lamp, "lit", not lit)
    engine.add(memory.lamp, "blinks", 1)
    if memory.left > 0 then
        engine.submit("blink", { lamp = memory.lamp, left = memory.left - 1, pause = memory.pause }, { delay = memory.pause })
    end
end

-- Every ten frames.
function jobs.strike()
    engine.add("clock", "bells", 1)
    engine.submit("strike", nil, { delay = 10 })
    -- Work for more than one frame: it starts now, sees no world, and what it asks for is committed 4 frames later.
    engine.submit("ponder", { from = math.random(1, 1000) }, { deliver = 4 })
    print("the clock strikes in frame " .. engine.frame())
end

-- How long the Collatz sequences of a hundred numbers are.
function jobs.ponder(question)
    local longest = 0
    for start = question.from, question.from + 99 do
        local number, length = start, 0
        while number ~= 1 do
            number = number % 2 == 0 and number // 2 or 3 * number + 1
            length = length + 1
        end
        longest = math.max(longest, length)
    end
    engine.post_to_main_thread("answer", longest)
end

function actions.answer(length)
    if length > engine.get("clock", "longest") then engine.set("clock", "longest", length) end
end
