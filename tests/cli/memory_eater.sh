#!/usr/bin/env bash
# A job that eats all memory is stopped at its limit, even inside pcall; the others go on, and the next run is as good as new.
. "$(dirname "$0")/common.sh"

program <<'LUA'
singleton("count", { good = 0, bad = 0 })
function on_frame(frame)
    engine.submit("eat", frame)
    engine.submit("walk")
end
function jobs.eat(frame)
    engine.add("count", "bad", 1)
    local food = {}
    if frame == 2 then
        pcall(function() while true do food[#food + 1] = { #food } end end)
    end
end
function jobs.walk() engine.add("count", "good", 1) end
function on_commit() engine.log("info", table.concat({ engine.get("count", "good", "bad") }, " ")) end
LUA
run_everywhere --frames 3
expect_status 0
expect '^\{"frame":2,.*"kind":"memory","function":"jobs\.eat","message":"main\.lua:10: .*memory.*"line":10,"job":"0:0"' \
    '^\{"frame":3,.*"faults":\[\].*"text":"3 2"'
