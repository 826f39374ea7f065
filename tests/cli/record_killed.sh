#!/usr/bin/env bash
# A recorder that is killed at any moment, or whose disk is full, leaves a recording that plays up to what was sealed.
. "$(dirname "$0")/common.sh"

program <<'EOF'
template("unit", { n = 0 })
function on_start() for i = 1, 30 do engine.spawn_entity("unit") end end
function on_frame(frame) engine.submit_each("act", "unit") end
function jobs.act(id) engine.add(id, "n", math.random(1000)) end
EOF
kills=${CANON_KILLS:-40}
RANDOM=7
played=0
for ((i = 0; i < kills; ++i)); do
    file=$work/killed.canon
    rm -f "$file"
    "$CANON" record "$work/program" --frames 100000000 --quiet --workers 1 --keyframes 50 -o "$file" &
    writer=$!
    sleep "0.0$((RANDOM % 90 + 10))"
    kill -9 $writer
    wait $writer 2>/dev/null
    status=0
    line=$("$CANON" replay "$file" --workers 1 --json 2>"$work/err" | tail -n 1) || status=$?
    if [ "$status" = 10 ]; then continue; fi # before the first keyframe was written
    [ "$status" = 0 ] || fail "kill $i: exit code $status" "$line" "$(cat "$work/err")"
    grep -q '"same":true' <<<"$line" || fail "kill $i: $line"
    played=$((played + $(sed -E 's/.*"last_frame":([0-9]+).*/\1/' <<<"$line")))
done
[ "$played" -gt 0 ] || fail "no recording had a frame to play"

# A limit on the size of files is a full disk.
file=$work/full.canon out=$work/out err=$work/err status=0
(
    trap '' XFSZ
    ulimit -f 200
    exec "$CANON" record "$work/program" --frames 100000000 --quiet --workers 1 -o "$file"
) >"$out" 2>"$err" || status=$?
expect_status 1
expect_error '^canon: .*full\.canon.*'
status=0
"$CANON" replay "$file" --workers 1 >"$out" 2>"$err" || status=$?
expect_status 0
expect '^every hash is that of the recording$'
