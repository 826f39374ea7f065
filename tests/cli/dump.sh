#!/usr/bin/env bash
# canon dump writes any part of a recording as JSON lines, with the program's names, and steps over damage.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("thing", { x = 0, cells = array(0, 2), name = "" })
template("mark", { of = entity })
function on_start() engine.spawn_entity("thing", { name = "first" }) end
function on_input(source, input) engine.set(input.id, "x", input.x) end
function on_frame(frame)
    engine.submit_each("move", "thing")
    if frame == 4 then print("tab\tbell\7") end
end
function jobs.move(id)
    local x = engine.get(id, "x")
    if x == 103 then error("too far") end
    engine.add(id, "x", 1)
    if x == 1 then engine.spawn_entity("mark", { of = id }) end
    if x == 2 then engine.submit("later", 7) end
end
function jobs.later(number) engine.log("warning", "later " .. number) end
LUA
echo '{"frame": 6, "source": 3, "data": {"id": 1, "x": 100}}' >"$work/inputs"
record "$work/a" --frames 130 --keyframes 40 --record-effects --inputs "$work/inputs"

# kinds OPTION...: how many lines there are of each kind.
kinds() {
    tool dump "$work/a" "$@"
    expect_status 0
    python3 -c '
import collections, json, sys
lines = [json.loads(line, object_pairs_hook=list) for line in open(sys.argv[1])]
for line in lines:
    assert line[0][0] == "kind", line
    assert len({key for key, value in line}) == len(line), line
kinds = collections.Counter(line[0][1] for line in lines)
print(*(f"{kind} {kinds[kind]}" for kind in sorted(kinds)))' "$out"
}
is() { [ "$1" = "$2" ] || fail "found: $1" "expected: $2" "$(head -n 5 "$out")"; }

is "$(kinds)" 'fault 122 frame 130 input 1 log 2'
tool dump "$work/a"
expect '^\{"kind":"input","frame":6,"source":3,"sequence":0,"data":\{"id":1,"x":100\}\}$' \
    '^\{"kind":"log","frame":4,"level":"info","function":"on_frame","text":"tab\\tbell\\u0007"\}$' \
    '^\{"kind":"log","frame":4,"level":"warning","function":"jobs\.later","text":"later 7"\}$' \
    '^\{"kind":"fault","frame":9,"fault":"error","function":"jobs\.move",.*"chunk":"main\.lua","line":11,"job":"0:0"'
"$CANON" run "$work/program" --frames 130 --inputs "$work/inputs" --json | sed -n 's/^{"frame":\([0-9]*\),"hash":"\([^"]*\)".*/\1 \2/p' | tail -n 130 >"$work/hashes"
sed -n 's/^{"kind":"frame","frame":\([0-9]*\),"hash":"\([^"]*\)".*/\1 \2/p' "$out" | cmp -s - "$work/hashes" || fail 'the hashes are not those of the run'

tool dump "$work/a" --what actions,effects
expect_status 0
expect '^\{"kind":"action","frame":1,"job":"0:0","function":"jobs\.move","action":\{"action":"add","entity":1,"field":"x","value":1\}\}$' \
    '^\{"kind":"action","frame":2,.*"action":"spawn",.*"fields":\{"of":1\},"template":"mark"' \
    '^\{"kind":"action",.*"action":"submit",.*"function":"jobs\.later"' \
    '^\{"kind":"effect","frame":1,"effect":"set","entity":1,"template":"thing","field":"x","before":0,"after":1\}$' \
    '^\{"kind":"effect","frame":2,"effect":"spawn","entity":[0-9]+,"template":"mark","fields":\{"of":1\}\}$' \
    '^\{"kind":"effect","frame":6,"effect":"set","entity":1,"template":"thing","field":"x","before":5,"after":100\}$'
is "$(kinds --what meta,keyframes)" 'keyframe 4 meta 4'
tool dump "$work/a" --what keyframes --from 40 --to 40
hash=$(sed -n 's/^{"kind":"keyframe","frame":40,"hash":"\([^"]*\)".*/40 \1/p' "$out")
grep -qx "$hash" "$work/hashes" || fail 'a keyframe has not the hash of its frame' "$(<"$out")"
tool dump "$work/a" --what meta
expect '"program":"program","digest":"[0-9a-f]{16}","modules":\[\{"bytes":[0-9]+,"file":"main\.lua","name":"main"\}\],"seed":1,' '"changed_limits":\{\}'
tool dump "$work/a" --what chunks
expect '^\{"kind":"chunk","segment":0,"offset":0,"chunk":"META","sequence":0,"frame":1,"frames":0,' '"chunk":"END".*"frame":131,"frames":0,'

# Filters.
is "$(kinds --from 50 --to 59)" 'fault 10 frame 10'
is "$(kinds --what frames --from 131)" ''
is "$(kinds --what frames --to 1)" 'frame 1'
is "$(kinds --function later)" 'log 1'
is "$(kinds --function jobs.move --to 8)" 'action 10'
is "$(kinds --entity 1 --to 8)" 'action 8 effect 9'
is "$(kinds --template mark)" 'action 1 effect 1'
is "$(kinds --what effects --template thing --entity 1 --to 3)" 'effect 3'
is "$(kinds --template nothing)" ''
tool dump "$work/a" --what frames,everything
expect_status 2

# A file that is damaged: what is whole is there, and a line says what is not.
read -r offset size <<<"$(chunk "$work/a" FRAMES 1)"
cp "$work/a" "$work/b"
damage "$work/b" $((offset + 72 + size / 2))
head -c -150 "$work/b" >"$work/c"
tool dump "$work/c" --what frames
expect_status 9
expect '^\{"kind":"hole","why":"damaged","segment":0,.*"chunks":1,"first_frame":41,"last_frame":80,"frames":"frames 41 to 80"\}$' \
    '^\{"kind":"tail","state":"torn",'
[ "$(grep -c '"kind":"frame"' "$out")" = 90 ] || fail 'not all whole frames are there'
tool dump "$work/b" --what frames --from 90
expect_status 0
tool dump "$work/program/main.lua"
expect_status 10

# Bytes from nowhere, with right hashes or not, are no reason to crash.
RANDOM=7
for round in $(seq 60); do
    cp "$work/a" "$work/d"
    for count in 1 2 3; do damage "$work/d" $((RANDOM % $(stat -c %s "$work/d"))); done
    tool dump "$work/d" --what meta,frames,inputs,actions,effects,faults,log,keyframes,chunks
    [ "$status" -le 10 ] || fail "exit code $status" "$(head -n 3 "$err")"
done
exit 0
