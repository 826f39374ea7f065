#!/usr/bin/env bash
# A job that never ends is stopped by its budget, at the same instruction everywhere, even inside pcall; the others go on.
. "$(dirname "$0")/common.sh"

program <<'LUA'
singleton("count", { good = 0, bad = 0 })
function on_frame(frame)
    if frame == 2 then engine.submit("spin") end
    engine.submit("walk")
end
function jobs.spin()
    engine.add("count", "bad", 1)
    while true do
        pcall(function() while true do end end)
    end
end
function jobs.walk() engine.add("count", "good", 1) end
function on_commit() engine.log("info", table.concat({ engine.get("count", "good", "bad") }, " ")) end
LUA
run_everywhere --frames 3
expect_status 0
expect '^\{"frame":2,.*"kind":"budget","function":"jobs\.spin","message":"main\.lua:9: .*endless loop.*"line":9,"job":"0:0"' \
    '^\{"frame":3,.*"faults":\[\].*"text":"3 0"'
