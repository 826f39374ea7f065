#!/usr/bin/env bash
# A range is cut out as a recording of its own: it replays by itself, has just these frames, and says that it was cut.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("thing", { x = 0 })
function on_start() for i = 1, 20 do engine.spawn_entity("thing") end end
function on_frame(frame)
    engine.submit_each("move", "thing")
    if frame % 10 == 0 then print("tick " .. frame) end
end
function jobs.move(id) engine.add(id, "x", math.random(1, 9)) end
LUA
record "$work/a" --frames 400 --keyframes 100 --record-effects
lines() { "$CANON" dump "$@" --what frames,log,actions,effects; }
lines "$work/a" >"$work/all"

# cut_is FIRST LAST FROM TO: of the recording; plays in both modes and holds just the lines of these frames.
cut_is() {
    rm -f "$work/c"
    tool cut "$work/a" --from "$3" --to "$4" -o "$work/c"
    expect_status 0
    expect "c: frames $1 to $2, "
    lines "$work/c" >"$work/lines"
    lines "$work/a" --from "$1" --to "$2" | cmp -s - "$work/lines" || fail "--from $3 --to $4 has other lines than the recording"
    local mode
    for mode in execute apply; do
        tool replay "$work/c" --mode "$mode"
        expect_status 0
        expect "^$(($2 - $1 + 1)) frames? to frame $2, " 'every hash is that of the recording'
    done
    tool repair "$work/c" -o "$work/r" --force
    expect_status 0
    cmp -s "$work/c" "$work/r" || fail "--from $3 --to $4 is not clean"
    tool info "$work/c"
    expect_status 0
    if [ "$2" = 400 ]; then refuse 'the recording went on'; else expect 'the recording went on'; fi
}
cut_is 101 250 130 250    # within a chunk
cut_is 101 200 101 200    # just before a keyframe
cut_is 101 101 101 101
cut_is 201 260 230 260    # at the end of a chunk
cut_is 1 7 1 7
cut_is 201 400 300 400    # to the end
cut_is 1 400 1 400
cmp -s "$work/a" "$work/c" || fail 'all of a recording is not the recording'
tool cut "$work/a" --from 301 -o "$work/c" --force --json
expect_status 0
expect '^\{"kind":"cut","first_frame":301,"last_frame":400,"frames":100,.*"sealed":0,"holes":0,"cut":false\}$'

# Two cuts of one recording, one behind the other, stay two, also where nothing is between them.
tool cut "$work/a" --to 250 -o "$work/c1"
tool cut "$work/a" --from 301 -o "$work/c2"
cat "$work/c1" "$work/c2" >"$work/c"
tool info "$work/c" --all
expect_status 0
expect '^segments +2$' '  frames 1 to 250, the recording went on$' '  frames 301 to 400, the beginning is cut off$'
# The chunk with fewer frames is not taken for the one that it stands for: what came behind that does not continue it.
end=$("$CANON" dump "$work/c1" --what chunks | sed -n '/"chunk":"INDEX"/s/.*"offset":\([0-9]*\).*/\1/p' | tail -n 1)
read -r offset size <<<"$(chunk "$work/a" KEY 3)"
{ head -c "$end" "$work/c1"; tail -c "+$((offset + 72 + size + 1))" "$work/a"; } >"$work/c"
tool repair "$work/c" -o "$work/r" --force
expect_status 9
tool replay "$work/c"
expect '^250 frames to frame 250'

# Frames that are not there.
tool cut "$work/a" --from 390 --to 500 -o "$work/n"
expect_status 10
expect_error 'frame 500 is not there; there are the frames 1 to 400$'
tool cut "$work/c2" --from 200 --to 310 -o "$work/n"
expect_status 10
expect_error 'frame 200 is not there; there are the frames 301 to 400$'
tool cut "$work/a" --from 30 --to 20 -o "$work/n"
expect_status 2
tool cut "$work/a" --from 1 --to 20 --segment 1 -o "$work/n"
expect_status 10
expect_error 'there are no frames in segment 1$'
tool cut "$work/a" --from 1 --to 20 -o "$work/a" --force
expect_status 2

# Damage: of the frames 101 to 160.
read -r offset size <<<"$(chunk "$work/a" FRAMES 2)"
cp "$work/a" "$work/b"
damage "$work/b" $((offset + 72 + size / 2))
tool cut "$work/b" --from 50 --to 180 -o "$work/n"    # the part of a chunk is behind the hole
expect_status 9
expect 'are damaged; lost in segment 0: 1 chunk, frames 101 to 160$' 'frames 1 to 180, '
tool dump "$work/n" --what frames
expect_status 9
expect '^\{"kind":"hole","why":"missing",.*"chunks":1,"first_frame":101,"last_frame":160,' '"frame":180,'
refuse '"frame":181,'
[ "$(grep -c '"kind":"hole"' "$out")" = 1 ] || fail 'a cut made another hole'
rm "$work/n"
tool cut "$work/b" --from 50 --to 130 -o "$work/n"
expect_status 10
expect_error 'frame 130 is not there; there are the frames 1 to 100 and 161 to 400$'
[ -e "$work/n" ] && fail 'a cut that failed left a file'
# The keyframe before frame 201 is damaged: the one before it does.
read -r offset size <<<"$(chunk "$work/a" KEY 2)"
cp "$work/a" "$work/b"
damage "$work/b" $((offset + 72))
tool cut "$work/b" --from 210 --to 220 -o "$work/n"
expect_status 9
expect 'lost in segment 0: 1 chunk, no frames$' 'frames 101 to 220, '
exit 0
