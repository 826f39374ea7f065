#!/usr/bin/env bash
# A damaged or torn recording is repaired to a clean file of all that was whole; each loss is said as frames; nothing is overwritten.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("thing", { x = 0 })
function on_start() engine.spawn_entity("thing") end
function on_frame(frame) engine.submit_each("move", "thing") end
function jobs.move(id) engine.add(id, "x", math.random(1, 9)) end
LUA
record "$work/a" --frames 150 --keyframes 50
frames_of() { { "$CANON" dump "$1" --what frames || true; } | grep -o '"kind":"frame","frame":[0-9]*,"hash":"[0-9a-f]*"'; }
frames_of "$work/a" >"$work/frames"

tool repair "$work/a" -o "$work/whole"
expect_status 0
expect '150 frames of .* with 4 starts, in 1 segment; nothing was missing$'
cmp -s "$work/a" "$work/whole" || fail 'a clean recording was not repaired to itself'

# A byte in the middle of frames 51 to 100.
read -r offset size <<<"$(chunk "$work/a" FRAMES 1)"
cp "$work/a" "$work/b"
damage "$work/b" $((offset + 72 + size / 2))
tool repair "$work/b" -o "$work/c"
expect_status 9
expect '^bytes [0-9]+ to [0-9]+ are damaged; lost in segment 0: 1 chunk, frames 51 to 100$' '100 frames of .*; all that was whole$'
frames_of "$work/c" | cmp -s - <(sed '51,100d' "$work/frames") || fail 'the repaired file has not the frames that were whole'
tool repair "$work/b" -o "$work/c2" --json
expect_status 9
expect '^\{"kind":"hole","why":"damaged",.*"first_frame":51,"last_frame":100,' \
    '^\{"kind":"repaired","condition":"lossy",.*"frames":100,.*"holes":1,'
tool repair "$work/c" -o "$work/d"
expect_status 9
expect '^before byte [0-9]+ chunks are missing; lost in segment 0: 1 chunk, frames 51 to 100$'
cmp -s "$work/c" "$work/d" || fail 'a repaired recording was not repaired to itself'

# A torn end: within the last frames, whose number nobody knows.
read -r offset size <<<"$(chunk "$work/a" FRAMES 2)"
head -c $((offset + 100)) "$work/a" >"$work/torn"
tool repair "$work/torn" -o "$work/e"
expect_status 9
expect 'the end is torn; lost: the frames from 101 on, nobody knows how many$'
tool replay "$work/e"
expect_status 0
expect '^100 frames to frame 100, ' 'every hash is that of the recording'
# A writer that was stopped between chunks.
head -c "$offset" "$work/a" >"$work/open"
tool repair "$work/open" -o "$work/f" --json
expect_status 9
expect '^\{"kind":"tail","state":"open","first_frame":101,' '"unclosed":1,'

# No keyframe: what is whole is kept, though it cannot be played.
cp "$work/a" "$work/b"
for number in 0 1 2 3; do
    read -r offset size <<<"$(chunk "$work/a" KEY "$number")"
    damage "$work/b" $((offset + 72))
done
tool repair "$work/b" -o "$work/g"
expect_status 10
expect 'none of them can be played'
frames_of "$work/g" | cmp -s - "$work/frames" || fail 'whole frames were lost with the keyframes'

# No recording at all.
head -c 5000 /dev/zero >"$work/zero"
: >"$work/empty"
tool repair "$work/zero" -o "$work/h"
expect_status 10
expect_error 'zero: is not a recording'
tool repair "$work/empty" -o "$work/h"
expect_status 10
expect 'nothing was written'
[ -e "$work/h" ] && fail 'a file was made of nothing'

# What is there stays.
echo mine >"$work/mine"
tool repair "$work/a" -o "$work/mine"
expect_status 2
expect_error 'mine is there already; --force replaces it'
[ "$(cat "$work/mine")" = mine ] || fail 'a file was overwritten without --force'
tool repair "$work/torn" -o "$work/mine" --force
expect_status 9
cmp -s "$work/mine" "$work/e" || fail '--force did not replace the output'
ln "$work/a" "$work/same"
for path in "$work/a" "$work/../$(basename "$work")/a" "$work/same"; do
    tool repair "$work/a" -o "$path" --force
    expect_status 2
    expect_error 'is the recording that is read'
done
cmp -s "$work/a" "$work/whole" || fail 'the input was written to'
# A write that fails leaves what was there.
(ulimit -f 1 && trap '' XFSZ && "$CANON" repair "$work/a" -o "$work/mine" --force >"$work/out" 2>"$work/err") && fail 'a full disk was not said'
cmp -s "$work/mine" "$work/e" || fail 'a repair that failed took the file that was there'
ls "$work"/*.part* 2>/dev/null && fail 'a part of an output was left behind'
exit 0
