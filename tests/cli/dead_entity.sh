#!/usr/bin/env bash
# Actions on the dead are normal life: counted, without effect and without a fault; a field that names the dead reads nil.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("soldier", { hp = 100, target = entity })
function on_start()
    local last
    for _ = 1, 10 do last = engine.spawn_entity("soldier", { target = last }) end
end
function on_frame(frame)
    engine.submit_each("strike", "soldier")
    if frame == 2 then
        for id in engine.each("soldier") do engine.destroy(id) break end
    end
end
function jobs.strike(id)
    local target = engine.get(id, "target")
    if not target then
        engine.destroy(id)
        engine.destroy(id)
        engine.add(id, "hp", -1)
        engine.set(id, "hp", 3)
    end
    local none, nothing = engine.get(4711, "hp", "target")
    if none ~= nil or nothing ~= nil or engine.alive(4711) then error("a dead entity has fields") end
end
function on_commit(frame) engine.log("info", engine.count("soldier") .. " live") end
LUA
run_everywhere --frames 3
expect_status 0
expect '^\{"frame":1,.*"dead_actions":3,.*"faults":\[\].*"text":"9 live"' '^\{"frame":2,.*"dead_actions":3,.*"text":"7 live"' \
    '^\{"frame":3,.*"dead_actions":3,.*"text":"6 live"'
