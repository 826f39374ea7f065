#!/usr/bin/env bash
# A million jobs in a frame run, with one hash on every number of workers; more than the limit are a fault of the frame, and the
# next frame goes on.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("unit", { x = 0 })
function on_start() for _ = 1, 1000 do engine.spawn_entity("unit") end end
function on_frame(frame)
    for _ = 1, ({ 1000, 3000, 1 })[frame] do engine.submit_each("count", "unit") end
end
function jobs.count(id) engine.add(id, "x", 1) end
LUA
run_everywhere --frames 3
expect_status 0
python3 -c 'import json, sys
frames = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert [frame["jobs"] for frame in frames] == [1000000, 0, 1000], [frame["jobs"] for frame in frames]
assert [[fault["kind"] for fault in frame["faults"]] for frame in frames] == [[], ["limit"], []], [frame["faults"] for frame in frames]
assert "jobs_per_frame" in frames[1]["faults"][0]["message"], frames[1]["faults"]
' "$out" || fail "a million jobs:" "$(cut -c 1-300 "$out")"
