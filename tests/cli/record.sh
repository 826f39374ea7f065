#!/usr/bin/env bash
# A session is recorded and replayed through the typed commands: in both modes, from any frame, while it is written, through a
# pipe, up to a mismatch, and on from a frame as a new session; and what is wrong is told by an exit code.
. "$(dirname "$0")/common.sh"

program <<'EOF'
template("unit", { hp = 1000, x = 0.5, name = "" })
function on_start(config)
    for i = 1, 40 do engine.spawn_entity("unit", { x = i * 1.5 }) end
end
function on_input(source, input) engine.set(input.unit, "name", input.name) end
function on_frame(frame)
    engine.submit_each("act", "unit")
    if frame == 33 then error("a fault") end
end
function jobs.act(id)
    engine.add(id, "hp", -math.random(3))
    engine.set(id, "x", engine.get(id, "x") + math.random())
end
EOF
cat >"$work/inputs" <<'EOF'
{"frame": 5, "source": 1, "data": {"unit": 3, "name": "Anna"}}
{"frame": 40, "source": 2, "data": {"unit": 4, "name": "Ben"}}
EOF
recording=$work/session.canon
"$CANON" record "$work/program" --frames 100 --inputs "$work/inputs" --workers 3 --seed 9 --record-effects --keyframes 20 \
    --json -o "$recording" >"$work/live" || fail "canon record failed"
hash=$(tail -n 1 "$work/live" | sed -E 's/.*"hash":"([0-9a-f]+)".*/\1/')
replay() { out=$work/out err=$work/err status=0; "$CANON" replay "$@" >"$out" 2>"$err" || status=$?; }

for workers in 1 2 8; do
    replay "$recording" --workers $workers --json
    expect_status 0
    expect "\"frame\":100,\"hash\":\"$hash\"" '"frames":100,"last_frame":100,"same":true'
done
replay "$recording" --mode apply
expect_status 0
expect '^100 frames to frame 100' '^every hash is that of the recording$'

# Forwards and backwards, the same in both modes.
for mode in execute apply; do
    replay "$recording" --mode $mode --seek 77,3,50,100,0 --json
    expect_status 0
    grep '"seek"' "$out" >"$work/seek.$mode"
done
cmp -s "$work/seek.execute" "$work/seek.apply" || fail "the modes seek to other states" "$(diff "$work/seek.execute" "$work/seek.apply")"
[ "$(wc -l <"$work/seek.execute")" = 5 ] || fail "five frames were sought"
replay "$recording" --seek 101
expect_status 9
expect_error 'frame 101 is not in the recording: it ends after frame 100'
replay "$recording" --until fault --json
expect '"frames":33,"last_frame":33'

# On from frame 60: what follows has its own inputs, here none, and records like any session.
replay "$recording" --to 60 --branch "$work/branch.canon" --frames 25
expect_status 0
replay "$work/branch.canon"
expect_status 0
expect ' from frame 60, ' '^25 frames to frame 85'

# A recording of stdin's kind: written to a pipe; and one that is still being written.
"$CANON" record "$work/program" --frames 50 --quiet -o - | cat >"$work/pipe.canon"
replay "$work/pipe.canon"
expect '^50 frames to frame 50' '^every hash is that of the recording$'
"$CANON" record "$work/program" --frames 100000000 --quiet -o "$work/growing.canon" &
writer=$!
for ((tries = 0; tries < 1000; ++tries)); do
    [ "$(stat -c %s "$work/growing.canon" 2>/dev/null || echo 0)" -gt 200000 ] && break
    sleep 0.01
done
replay "$work/growing.canon" --to 200 --follow
kill -9 $writer
wait $writer 2>/dev/null
expect_status 0
expect '^200 frames to frame 200' '^every hash is that of the recording$'

# Another program parts from it, and the recording says where.
sed -i 's/-math.random(3)/engine.frame() < 44 and -math.random(3) or 1/' "$work/program/main.lua"
replay "$recording" --program "$work/program" --until mismatch
expect_status 4
expect '^diverged: frame 44: actions' 'of jobs.act$' 'recorded: \{"action":"add"' 'played: +\{"action":"add"'

# Damage in the middle and a torn end.
size=$(stat -c %s "$recording")
cp "$recording" "$work/damaged.canon"
printf '\xff\xff\xff\xff' | dd of="$work/damaged.canon" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
replay "$work/damaged.canon"
expect_status 9
expect 'frames? [0-9]+'
head -c $((size / 2)) "$recording" >"$work/torn.canon"
replay "$work/torn.canon"
expect_status 0
expect '^every hash is that of the recording$'

replay "$work/inputs"
expect_status 10
replay "$work/nothing"
expect_status 10
expect_error 'nothing.*(no such file|No such file)'
replay "$recording" --mode sideways
expect_status 2
out=$work/out err=$work/err status=0
"$CANON" record "$work/program" --frames 3 -o "$work/no/such/folder.canon" >"$out" 2>"$err" || status=$?
expect_status 1
expect_error 'no/such/folder.canon'
status=0
"$CANON" record "$work/program" --frames 3 -o "$work/x" --durable always >"$out" 2>"$err" || status=$?
expect_status 2
expect_error '--durable always: expected no, seal, or seconds above 0'
