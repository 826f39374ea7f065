-- Calls: engine.call stops a job until the commit has answered it. The answers come from a handler on the main thread, one
-- after the other in the order of the jobs, so each sees what the ones before have taken. No worker waits meanwhile: the
-- job is put aside and goes on in the next round of the same frame.
--
-- config: visitors = how many (300), seats = how many there are (200).
template("visitor", { seat = 0, refused = 0 })
singleton("theatre", { seats = 0, sold = 0, price = 10, income = 0 })

function on_start(config)
    engine.set("theatre", "seats", config.seats or 200)
    for _ = 1, config.visitors or 300 do engine.spawn_entity("visitor") end
end

function on_frame(frame)
    engine.submit_each("visit", "visitor", { every = 4 })
end

function jobs.visit(id)
    local seat = engine.get(id, "seat")
    if seat > 0 then return end
    local answer = engine.call("buy_seat", { visitor = id, most = math.random(8, 16) })
    if answer.seat then
        engine.set(id, "seat", answer.seat)
        return
    end
    engine.add(id, "refused", 1)
end

function actions.buy_seat(wish)
    local seats, sold, price = engine.get("theatre", "seats", "sold", "price")
    if sold == seats then return { why = "sold out" } end
    if price > wish.most then return { why = "too dear" } end
    engine.add("theatre", "sold", 1)
    engine.add("theatre", "income", price)
    if sold % 50 == 49 then engine.add("theatre", "price", 1) end
    return { seat = sold + 1 }
end

function on_commit(frame)
    if frame % 20 == 0 then
        print(string.format("%d of %d seats sold, %d taken in", engine.get("theatre", "sold", "seats", "income")))
    end
end
