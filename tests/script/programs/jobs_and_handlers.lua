-- Goal: submit, submit_each, cancel, post_to_main_thread, call and log: which frame, which order, which answers.

template("unit", { n = 0, batch = 0 })
singleton("state", { log = any, each = 0, late = any, answers = 0 })

local function note(text) engine.post_to_main_thread("note", engine.frame() .. ":" .. text) end
function actions.note(text)
    local log = engine.get("state", "log") or {}
    log[#log + 1] = text
    engine.set("state", "log", log)
end

function on_start()
    for _ = 1, 5 do engine.spawn_entity("unit") end
    engine.submit("plain", "start")
end

function on_frame(frame)
    if frame == 1 then
        engine.submit("plain", "a")
        engine.submit("plain", "later", { delay = 2 })
        engine.submit("plain", "first?", { priority = 5 })
        engine.submit("plain", { nested = { 1, "x" } })
        engine.submit("plain")
        local canceled = engine.submit("plain", "never", { delay = 1 })
        assert(math.type(canceled) == "integer")
        engine.cancel(canceled)
        engine.cancel(canceled) engine.cancel(1000000)
        engine.submit_each("each", "unit")
        engine.submit_each("batched", "unit", { batch = 2 })
        engine.submit("background", 20, { deliver = 2 })
        engine.submit("asking", 1)
        engine.submit("asking", 2, { key = "k" })
        assert(not pcall(engine.submit, "no_job") and not pcall(engine.submit)
            and not pcall(engine.submit, "plain", print) and not pcall(engine.submit, "plain", 1, { unknown = 1 }))
        assert(not pcall(engine.submit, "plain", 1, { delay = -1 })
            and not pcall(engine.submit, "plain", 1, { delay = 1, deliver = 1 })
            and not pcall(engine.submit, "plain", 1, { priority = 1.5 })
            and not pcall(engine.submit, "plain", 1, { deliver = 0 }))
        assert(not pcall(engine.submit_each, "no_job", "unit") and not pcall(engine.submit_each, "each", "no_template")
            and not pcall(engine.submit_each, "each", "unit", { batch = 0 })
            and not pcall(engine.submit_each, "each", "unit", { key = 1 }))
        assert(not pcall(engine.post_to_main_thread, "no_handler") and not pcall(engine.call, "no_handler")
            and not pcall(engine.log, "loud", "x") and not pcall(engine.cancel, "x"))
        assert(engine.call("double", 21) == 42 and engine.call("double", 1.5) == 3.0,
            "on the main thread a call is answered at once")
        engine.log("debug", "quiet") engine.log("info", 5) engine.log("warning", "w") engine.log("error", true)
    end
    engine.submit_each("every", "unit", { every = 5 })
end

function jobs.plain(argument)
    if type(argument) == "table" then argument = argument.nested[2] .. #argument.nested end
    note(tostring(argument))
end
function jobs.each(id) engine.add("state", "each", id) end
function jobs.batched(ids)
    assert(#ids <= 2 and #ids > 0)
    for _, id in ipairs(ids) do engine.set(id, "batch", #ids) end
end
function jobs.every(id) engine.add(id, "n", 1) end
function jobs.background(limit)
    assert(not pcall(engine.get, "state", "each") and not pcall(engine.count, "unit")
        and not pcall(engine.call, "double", 1), "a background job sees no world")
    local sum = 0
    for i = 1, limit do sum = sum + i end
    engine.post_to_main_thread("late", { sum = sum, submitted = engine.frame() })
end
function actions.late(data)
    data.delivered = engine.frame()
    engine.set("state", "late", data)
end
function jobs.asking(n)
    local answer = engine.call("double", n)
    assert(answer == 2 * n)
    answer = engine.call("double", answer)
    local ok, message = pcall(engine.call, "nothing")
    assert(ok and message == nil)
    engine.add("state", "answers", answer)
end
function actions.double(n) return 2 * n end
function actions.nothing() end

function on_commit(frame)
    if frame == 1 then
        assert(engine.get("state", "each") == 2 + 3 + 4 + 5 + 6 and engine.get("state", "answers") == 4 + 8)
        local batches = {}
        for id in engine.each("unit") do batches[#batches + 1] = engine.get(id, "batch") end
        assert(table.concat(batches, " ") == "2 2 2 2 1" and engine.get("state", "late") == nil)
    elseif frame == 5 then
        for id in engine.each("unit") do assert(engine.get(id, "n") == 1, "once in five frames for each") end
    elseif frame == 6 then
        -- Within a frame in the order of submission, whatever the priority.
        assert(table.concat(engine.get("state", "log"), " ") == "1:start 1:a 1:first? 1:x2 1:nil 3:later")
        local late = engine.get("state", "late")
        assert(late.sum == 210 and late.submitted == 1 and late.delivered == 3)
        print("checked")
    end
end
