#!/usr/bin/env bash
# A job that spawns more than its block of ids is stopped and spawns nothing; a handler may spawn as many as it likes.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("spark", { heat = 1 })
function on_frame(frame)
    engine.submit("burst", ({ 1024, 2000, 3 })[frame])
    if frame == 3 then engine.submit("ask") end
end
function jobs.burst(count) for _ = 1, count do engine.spawn_entity("spark") end end
function jobs.ask() engine.post_to_main_thread("shower", 2000) end
function actions.shower(count) for _ = 1, count do engine.spawn_entity("spark") end end
function on_commit(frame) engine.log("info", engine.count("spark") .. " sparks") end
LUA
run_everywhere --frames 3
expect_status 0
expect '^\{"frame":1,.*"faults":\[\].*"text":"1024 sparks"' \
    '^\{"frame":2,.*"function":"jobs\.burst","message":"main\.lua:6: a job may spawn 1024 entities at most \(limit ids_per_job\).*"line":6,"job":"0:0".*"text":"1024 sparks"' \
    '^\{"frame":3,.*"faults":\[\].*"text":"3027 sparks"'
