#!/usr/bin/env bash
# --check-writes tells what scripts write in vain, each place once with a count, and changes no hash; without it nothing is told.
. "$(dirname "$0")/common.sh"

program <<'LUA'
local targets = require "ai.targets"
template("unit", { hp = 1, bag = any })
function on_start() for i = 1, 3 do engine.spawn_entity("unit", { bag = { i } }) end end
function on_frame(frame)
    engine.submit_each("think", "unit")
    engine.submit("rule", 5)
    engine.submit("rule", 6)
end
function jobs.think(id)
    counter = (counter or 0) + 1
    targets.remember(id)
    local bag = engine.get(id, "bag")
    bag[1] = 0
end
function jobs.rule(hp)
    engine.set(1, "hp", hp)
end
LUA
program ai/targets.lua <<'LUA'
local seen = {}
return { cache = {}, remember = function(id) seen[id] = true end }
LUA
run_everywhere --frames 4
plain=$(cut -d, -f 1-3 "$out")
refuse 'lost_writes'
run_everywhere --frames 4 --check-writes
expect_status 0
[ "$(cut -d, -f 1-3 "$out")" = "$plain" ] || fail "--check-writes changes the hashes" "$plain" "$(cut -d, -f 1-3 "$out")"
python3 -c 'import json, sys
frames = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert all("lost_writes" not in frame for frame in frames[:-1]), "told before the last frame"
writes = {(write["kind"], write["name"]): write for write in frames[-1]["lost_writes"]}
assert len(writes) == len(frames[-1]["lost_writes"]) == 6, writes.keys()
counter = writes["global", "counter"]
assert (counter["function"], counter["chunk"], counter["line"], counter["change"]) == ("jobs.think", "main.lua", 9, "added"), counter
assert (counter["count"], counter["frame"], counter["job"]) == (12, 1, "0:0"), counter
assert writes["upvalue", "seen[2]"]["owner"] == "remember (ai/targets.lua:2)", writes
assert writes["field", "bag[1]"]["entity"] == "1" and writes["field", "bag[1]"]["count"] == 12, writes
rule = writes["overwritten", "hp"]
assert (rule["owner"], rule["entity"], rule["job"], rule["count"]) == ("unit", "1", "2:0", 4), rule
assert rule["earlier"] == {"function": "jobs.rule", "job": "1:0", "submitted": 1}, rule
' "$out" || fail "the lost writes are not as they should be" "$(tail -n 1 "$out")"

run_once --frames 4 --check-writes
expect_status 0
[ "$(grep -cE '^ +[0-9]+  lost ' "$out")" = 6 ] || fail "each place is told once:" "$(cat "$out")"
expect '^ +1  lost +jobs\.think \(main\.lua:9\) has added the global counter$' '^6 lost writes, ' \
    '^ +12 x jobs\.think \(main\.lua:9\) has changed its copy of unit\.bag\[1\] of entity 1 and not set the field$' \
    '^ +4 x jobs\.rule \(main\.lua:15\) has set unit\.hp of entity 1 in job 2:0, where jobs\.rule had set another value in job 1:0$'
run_once --frames 4
refuse 'lost'

program <<'LUA'
singleton("memory", { calls = 0 })
function on_frame() engine.add("memory", "calls", 1) end
LUA
run_once --frames 4 --check-writes
expect '^0 lost writes$'
