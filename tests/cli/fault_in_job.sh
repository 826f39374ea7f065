#!/usr/bin/env bash
# A job that fails commits nothing of its round and is named by frame, number, function, file and line; the others go on.
. "$(dirname "$0")/common.sh"

program <<'LUA'
local soldiers = require "soldiers"
function on_start() for number = 1, 50 do engine.spawn_entity("soldier", { number = number }) end end
function on_frame(frame)
    if frame == 2 then engine.submit_each("march", "soldier") end
end
function on_commit(frame)
    local steps = 0
    for id in engine.each("soldier") do steps = steps + engine.get(id, "steps") end
    engine.log("info", "steps: " .. steps)
end
LUA
program soldiers.lua <<'LUA'
template("soldier", { number = 0, steps = 0, orders = any })
local function read(orders)
    return orders.steps
end
function jobs.march(id)
    engine.add(id, "steps", 1)
    if engine.get(id, "number") % 10 == 0 then
        local steps = read(engine.get(id, "orders"))
    end
end
LUA
run_everywhere --frames 3
expect_status 0
expect '^\{"frame":2,.*"function":"jobs\.march","message":"soldiers\.lua:3: .*orders.*"chunk":"soldiers\.lua","line":3,"job":"0:9","submitted":2,"in_job":true,"traceback":"soldiers\.lua:3: in read\\nsoldiers\.lua:8: ' \
    '^\{"frame":3,.*"faults":\[\].*"text":"steps: 45"'
run_once --frames 3
expect '^ +2  fault +error in jobs\.march, job 0:9$' '^ +soldiers\.lua:3: in read$' '^ +4 more like this in the same frame$' \
    '^ +5 x error in jobs\.march, frames 2 to 2: soldiers\.lua:3: '
