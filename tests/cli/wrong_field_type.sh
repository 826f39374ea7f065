#!/usr/bin/env bash
# A value that a field cannot hold exactly is refused where the script asks for it, with field, type and value.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("soldier", { hp = 100, x = 0.0, name = "", alive = true, target = entity, route = array(0, 4) })
function on_start() engine.spawn_entity("soldier") end
function on_frame(frame) engine.submit_each("try" .. frame, "soldier") end
function jobs.try1(id) engine.set(id, "hp", "many") end
function jobs.try2(id) engine.set(id, "hp", 1.5) end
function jobs.try3(id) engine.set(id, "x", 3) engine.set(id, "hp", 4.0) end
function jobs.try4(id) engine.add(id, "name", 1) end
function jobs.try5(id) engine.put(id, "route", 5, 1) end
function jobs.try6(id) engine.put(id, "route", 1, {}) end
function jobs.try7(id) engine.spawn_entity("soldier", { alive = 1 }) end
function jobs.try8(id) engine.set(id, "target", "captain") end
function on_commit(frame)
    for id in engine.each("soldier") do engine.log("info", string.format("%.1f %d", engine.get(id, "x", "hp"))) end
end
LUA
run_everywhere --frames 8
expect_status 0
expect '^\{"frame":1,.*"function":"jobs\.try1","message":"main\.lua:4: soldier\.hp is of type integer and cannot hold the string \\"many\\""' \
    '^\{"frame":2,.*"message":"main\.lua:5: soldier\.hp is of type integer and cannot hold the number 1\.5' \
    '^\{"frame":3,.*"faults":\[\].*"text":"3\.0 4"' \
    '^\{"frame":4,.*"message":"main\.lua:7: .*soldier\.name is of type string, not a number"' \
    '^\{"frame":5,.*"message":"main\.lua:8: route has the indexes 1 to 4, not 5"' \
    "^\{\"frame\":6,.*\"message\":\"main\.lua:9: soldier\.route's cells are of type integer and cannot hold the table\"" \
    '^\{"frame":7,.*"message":"main\.lua:10: soldier\.alive is of type boolean and cannot hold the integer 1"' \
    '^\{"frame":8,.*"message":"main\.lua:11: soldier\.target is of type entity and cannot hold the string \\"captain\\"".*"text":"3\.0 4"'
