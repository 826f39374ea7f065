#!/usr/bin/env bash
# An error in on_start undoes what it did and is a fault of frame 0; the frames run.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("soldier", { hp = 100 })
function on_start(config)
    engine.spawn_entity("soldier")
    local squads = config.squads
    for _ = 1, #squads do engine.spawn_entity("soldier") end
end
function on_frame(frame) engine.log("info", "soldiers: " .. engine.count("soldier")) end
LUA
run_everywhere --frames 2
expect_status 0
expect '^\{"frame":0,.*"kind":"error","function":"on_start","message":"main\.lua:5: .*squads.*"chunk":"main\.lua","line":5' \
    '^\{"frame":2,.*"faults":\[\],.*soldiers: 0'
run_once --frames 2
expect '^ +0  fault +error in on_start$' 'main\.lua:5: attempt to get length of a nil value'
run_once --frames 2 --fail-on-fault
expect_status 6
