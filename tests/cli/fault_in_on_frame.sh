#!/usr/bin/env bash
# An error in on_frame undoes what it did in that frame only; delayed jobs and other frames run.
. "$(dirname "$0")/common.sh"

program <<'LUA'
singleton("count", { frames = 0, ticks = 0 })
function on_start() engine.submit("clock") end
function on_frame(frame)
    engine.add("count", "frames", 1)
    if frame == 3 then error("the weather is bad") end
    engine.submit("show")
end
function jobs.clock()
    engine.add("count", "ticks", 1)
    engine.submit("clock")
end
function jobs.show() engine.log("info", table.concat({ engine.get("count", "frames", "ticks") }, " ")) end
LUA
run_everywhere --frames 5
expect_status 0
expect '^\{"frame":3,.*"function":"on_frame","message":"main\.lua:5: the weather is bad","chunk":"main\.lua","line":5' \
    '^\{"frame":2,.*"faults":\[\].*"text":"2 1"' '^\{"frame":5,.*"faults":\[\].*"text":"4 4"'
run_once --frames 5
expect '^ +3  fault +error in on_frame$' '1 fault$'
