#!/usr/bin/env bash
# Unknown templates and fields are refused with the nearest name there is, unknown jobs and options with what to do.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("soldier", { hp = 100, position = 0.0 })
singleton("match", { wave = 0 })
function on_start() engine.spawn_entity("soldier") end
function on_frame(frame) engine.submit_each("try" .. frame, "soldier") end
function jobs.try1(id) engine.spawn_entity("soldire") end
function jobs.try2(id) engine.get(id, "positon") end
function jobs.try3(id) engine.set(id, "hitpoints", 1) end
function jobs.try4(id) engine.spawn_entity("soldier", { hp = 1, postion = 2.0 }) end
function jobs.try5(id) engine.get("mach", "wave") end
function jobs.try6(id) engine.get("soldier", "hp") end
function jobs.try7(id) engine.submit("march", id) end
function jobs.try8(id) engine.submit("try1", id, { delya = 3 }) end
function jobs.try9(id) engine.submit_each("try1", "soldier", { every = 0 }) end
LUA
run_everywhere --frames 9
expect_status 0
expect "^\{\"frame\":1,.*\"message\":\"main\.lua:5: there is no template 'soldire'; did you mean 'soldier'\?\"" \
    "^\{\"frame\":2,.*\"message\":\"main\.lua:6: template 'soldier' has no field 'positon'; did you mean 'position'\?\"" \
    "^\{\"frame\":3,.*\"message\":\"main\.lua:7: template 'soldier' has no field 'hitpoints'" \
    "^\{\"frame\":4,.*\"message\":\"main\.lua:8: template 'soldier' has no field 'postion'; did you mean 'position'\?\"" \
    "^\{\"frame\":5,.*\"message\":\"main\.lua:9: there is no template 'mach'; did you mean 'match'\?\"" \
    "^\{\"frame\":6,.*\"message\":\"main\.lua:10: 'soldier' is a template with many entities" \
    "^\{\"frame\":7,.*\"message\":\"main\.lua:11: there is no job 'march'; define function jobs\.march\(\.\.\.\)\"" \
    '^\{"frame":8,.*"message":"main\.lua:12: unknown option; submit takes key, priority, delay and deliver"' \
    "^\{\"frame\":9,.*\"message\":\"main\.lua:13: option 'every' is a whole number from 1 to"
