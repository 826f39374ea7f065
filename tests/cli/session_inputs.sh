#!/usr/bin/env bash
# Hot reloads, the console and jobs that are done are inputs: they come from the inputs file or the live session, are recorded,
# and play in both modes; what is wrong with them is told.
. "$(dirname "$0")/common.sh"

program <<'LUA'
singleton("match", { wave = 0 })
template("unit", { hp = 10, armor = 1 })
function on_start() for i = 1, 4 do engine.spawn_entity("unit") end end
function on_frame(frame)
    engine.submit_each("think", "unit")
    if frame % 10 == 1 then engine.submit("plan", frame, { deliver = "done" }) end
end
function jobs.think(id) engine.add(id, "hp", 1) end
function jobs.plan(frame) engine.set("match", "wave", frame) engine.log("info", "planned " .. frame) end
LUA
mkdir -p "$work/newer"
# Other functions, so other numbers for the one that stays; hp is a float now.
sed -e 's/hp = 10/hp = 10.0, shield = 3/; s/"hp", 1)/"hp", 0.5)/' -e '$a function jobs.another() end' "$work/program/main.lua" \
    >"$work/newer/main.lua"
mkdir -p "$work/broken"
echo 'local = 1' >"$work/broken/main.lua"
cat >"$work/inputs" <<'JSON'
{"frame": 5, "source": "console", "data": "engine.count('unit')"}
{"frame": 9, "source": "reload", "data": "newer"}
{"frame": 9, "source": "console", "data": "engine.set('match', 'wave', 77)"}
{"frame": 12, "source": "console", "data": "engine.set('match', 'wave', 'x')"}
{"frame": 14, "source": "console", "data": "engine.get(2, 'hp')"}
JSON
run_everywhere --frames 20 --inputs "$work/inputs"
expect_status 0
expect '^\{"frame":5,.*"console":\[\{"sequence":0,"value":4\}\]' '^\{"frame":9,.*unit.shield is new' \
    '^\{"frame":12,.*"function":"console","message":"console:1: match.wave is of type integer' \
    '^\{"frame":14,.*"console":\[\{"sequence":3,"value":20.5\}\]'
hash=$(tail -n 1 "$out" | sed -E 's/.*"hash":"([0-9a-f]+)".*/\1/')
run_once --frames 20 --inputs "$work/inputs"
expect '^ +5  console  4$' '^ +9  info     canon: reload: unit.shield is new$' '^ +12  fault    error in console$' '^ +14  console  20.5$'

# The same through a recording; a dump shows the new names where they are in force, and its inputs are an inputs file.
recording=$work/session.canon
"$CANON" record "$work/program" --frames 20 --inputs "$work/inputs" --record-effects --quiet -o "$recording" ||
    fail "canon record failed"
canon() { out=$work/out err=$work/err status=0; "$CANON" "$@" >"$out" 2>"$err" || status=$?; }
canon replay "$recording" --workers 8 --json
expect_status 0
expect "\"frame\":20,\"hash\":\"$hash\"" '"same":true'
canon replay "$recording" --mode apply --seek 20,8,9,3
expect_status 0
canon verify "$recording"
expect_status 0
expect ': same, 20 frames'
canon dump "$recording" --what actions,effects --from 8 --to 9
expect '"frame":8,.*"function":"jobs.think".*"value":1' '"frame":9,.*"function":"jobs.think".*"value":0.5' \
    '"frame":9,"effect":"set".*"template":"unit","field":"hp".*18.5'
if grep -q '"function":"jobs.\(another\)"' "$out"; then fail "the dump takes the numbers of one program for those of the other"; fi
canon dump "$recording" --what inputs
expect '"frame":5,"source":"console","sequence":0,"data":"engine.count' '"frame":9,"source":"reload","sequence":0,"data":\[\{"file":"main.lua"'
sed -E 's/"kind":"input",//' "$out" >"$work/again"
run_once --frames 20 --inputs "$work/again" --json
[ "$(tail -n 1 "$out" | sed -E 's/.*"hash":"([0-9a-f]+)".*/\1/')" = "$hash" ] || fail "the dumped inputs do not give the same session"

# A live session delivers what is done when it is done, and the recording has it where it was.
canon record "$work/program" --frames 60 --live 200 -o "$work/live.canon"
expect_status 0
[ "$(grep -c 'planned' "$out")" -ge 3 ] || fail "of six plans, one in ten frames, only these were delivered:" "$(cat "$out")"
canon verify "$work/live.canon" --json
expect_status 0
canon dump "$work/live.canon" --what inputs
expect '"source":"done",.*"data":\[[0-9]'
# Its dumped inputs give it again, as fast as can be; a branch of it goes on delivering.
sed -E 's/"kind":"input",//' "$out" >"$work/deliveries"
canon record "$work/program" --frames 60 --inputs "$work/deliveries" --quiet -o "$work/again.canon"
expect_status 0
canon diff "$work/live.canon" "$work/again.canon"
expect_status 0
canon replay "$work/live.canon" --to 20 --branch "$work/branch.canon" --frames 30
expect_status 0
canon dump "$work/branch.canon" --what inputs,log
expect '"source":"done"' 'planned [2-4]1'
canon info "$work/branch.canon"
expect 'at 200(\.0)? a second'
canon info "$work/live.canon"
expect 'done_delay 0' 'at 200(\.0)? a second'

# Effects behind a reload are its program's: another one stops there. A cut that ends with it has the keyframe that it needs.
canon replay "$recording" --mode apply --program "$work/program"
expect_status 0
sed 's/"hp", 1)/"hp", 2)/' "$work/program/main.lua" >"$work/other.lua"
canon replay "$recording" --mode apply --program "$work/other.lua"
expect_status 7
expect_error 'frame 9 is a reload'
canon cut "$recording" --to 9 -o "$work/cut.canon"
expect_status 0
canon replay "$work/cut.canon" --mode apply
expect_status 0
expect '^9 frames to frame 9,'

# A session that waits for its next frame ends at once when it is interrupted.
"$CANON" run "$work/program" --live 0.01 --frames 5 >"$work/waiting" 2>&1 &
interrupt $!
began=$SECONDS status=0
wait $! || status=$?
[ $((SECONDS - began)) -lt 30 ] || fail "an interrupted live session went on waiting for its frame"
[ "$status" = 130 ] || fail "an interrupted live session ends with $status"

# Where the machine has no room for the new program, that is an error and no fault: nothing of the frame has happened.
status=0
(ulimit -v 850000 && exec "$CANON" record "$work/program" --frames 20 --workers 2 --inputs "$work/inputs" --quiet -o "$work/small.canon") \
    >"$work/out" 2>"$work/err" || status=$?
expect_status 1
expect_error 'cannot map [0-9]+ MiB'
canon replay "$work/small.canon" --json
expect '"last_frame":8,"same":true'

# What is wrong is told, with its line.
expect_wrong() {
    printf '%s\n' "$1" >"$work/wrong"
    run_once --frames 3 --inputs "$work/wrong"
    expect_status 5
    expect_error "$2"
}
expect_wrong '{"frame": 1, "source": "admin", "data": 1}' 'wrong:1: "source" is "admin", but must be a number, "console", "reload" or "done"'
expect_wrong '{"frame": 1, "source": "reload", "data": "broken"}' 'wrong:1: main.lua:1: '
expect_wrong '{"frame": 1, "source": "reload", "data": "nowhere"}' 'wrong:1: there is no program at .*nowhere'
run_once --live 0
expect_status 2
