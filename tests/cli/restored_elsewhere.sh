#!/usr/bin/env bash
# Restore, then go on, in another process: from each keyframe of a session its rest is cut off and run to the end on its own,
# hundreds of frames, and every hash is that of the run that was never restored. Entities come and go, now and then nearly all; strings, lists
# and arrays change; handlers fail; delayed and background jobs are under way at every frame.
. "$(dirname "$0")/common.sh"

program <<'E2'
template("thing", { n = 0, x = 0.0, name = "", bag = any, path = array(0, 700), mate = entity }, { keys = { "mate" } })
singleton("log", { sum = 0, late = 0 })
function on_start() for i = 1, 40 do engine.spawn_entity("thing", { x = i + 0.5 }) end end
function on_frame(frame)
    if frame % 40 == 0 then
        for id in engine.each("thing") do
            if id % 10 ~= 0 then engine.destroy(id) end
        end
    end
    for i = 1, 3 do engine.spawn_entity("thing", { x = math.random() * 50, name = "new " .. frame }) end
    engine.submit_each("act", "thing")
    engine.submit("later", { frame = frame }, { delay = 7 })
    engine.submit("far", frame, { deliver = 5 })
end
function jobs.act(id)
    local x, name = engine.get(id, "x", "name")
    engine.add(id, "n", math.random(5))
    engine.set(id, "x", x + math.random() - 0.5)
    engine.put(id, "path", math.random(700), id)
    if math.random(4) == 1 then engine.set(id, "name", string.sub(name .. id, -9)) end
    if math.random(4) == 1 then engine.set(id, "bag", { seen = { x, name }, at = engine.frame() }) end
    if math.random(6) == 1 then engine.post_to_main_thread("check", id) end
end
function jobs.later(data) engine.add("log", "late", data.frame) end
function jobs.far(frame) engine.add("log", "sum", frame) end
function actions.check(id)
    engine.set(id, "name", "checked")
    if id % 2 == 0 then engine.destroy(id) error("a handler that fails") end
end
E2
frames=${CANON_RESTORED_FRAMES:-300}
record "$work/session.canon" --frames "$frames" --keyframes 60
for ((from = 60; from < frames; from += 60)); do
    tool cut "$work/session.canon" --from "$((from + 1))" -o "$work/rest.$from"
    expect_status 0
    # All keyframes but the first are left out by who executes: it runs on from there.
    tool replay "$work/rest.$from" --workers 2
    expect_status 0
    expect " from frame $from, " "^$((frames - from)) frames to frame $frames, " '^every hash is that of the recording$'
done
