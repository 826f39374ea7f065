#!/usr/bin/env bash
# canon info FILE tells what a recording is, by its index alone where there is one, and in what condition.
. "$(dirname "$0")/common.sh"

program <<'LUA'
local part = require("part")
function on_frame(frame) if frame == 3 then error("three") end end
LUA
program part.lua <<<'return 1'
record "$work/a" --frames 150 --keyframes 50 --seed 9 --config 'units=[1,2]' --record-actions hashes
size=$(stat -c %s "$work/a")

tool info
expect_status 0
expect '^lua +Lua 5\.4|Lua 5\.4'
tool info "$work/a"
expect_status 0
expect '^program +program, digest [0-9a-f]{16}: 2 modules, [0-9]+ bytes$' '  part\.lua: 9 bytes$' '^seed +9$' \
    '^config +\{"units":\[1,2\]\}$' '^limits +the defaults$' '^holds +inputs, hashes, hashes of actions$' \
    '^fingerprint +[0-9a-f]{16}: that of this build$' '^frames +150: 2\.5 s at 60\.0 a second, ' '^segments +1$' '  frames 1 to 150$' \
    '^keyframes +4$' '^chunks +4 META ' '^chunks +4 KEY ' '^chunks +[0-9]+ FRAMES ' '^chunks +1 END +104 bytes stored$' \
    '^condition +clean; so its index tells: .*--all$' '^opened by +index; --all'
refuse ' raw$'
tool info "$work/a" --all
expect_status 0
expect '^chunks +1 END +104 bytes stored +32 raw$' '^condition +clean$' '^opened by +index; all of it was read$'

# Both ways count the same.
tool info "$work/a" --json
expect_status 0
expect '"seed":"9","config":\{"units":\[1,2\]\},"changed_limits":\{\},"actions":"hashes","effects":false' '"this_build":true' \
    '"frames":150,"seconds":2\.5,' '"first_frame":1,"last_frame":150,' '"opened_by":"index","read_all":false,"condition":"clean"'
by_index=$(<"$out")
tool info "$work/a" --json --all
[ "$(sed 's/,"raw":[0-9]*//g; s/"read_all":true/"read_all":false/' "$out")" = "$by_index" ] || fail 'the index tells otherwise than the whole' "$by_index" "$(<"$out")"
[ "$(grep -o '"stored":[0-9]*' "$out" | cut -d: -f2 | paste -sd+ | bc)" = "$size" ] || fail "the chunks are not $size bytes in all"

# Damage in the middle is found by reading all, and only by that.
cp "$work/a" "$work/b"
read -r offset stored <<<"$(chunk "$work/a" FRAMES 1)"
damage "$work/b" $((offset + 72 + stored / 2))
tool info "$work/b"
expect_status 0
tool info "$work/b" --all
expect_status 9
expect '^condition +lossy$' 'bytes [0-9]+ to [0-9]+ are damaged; .*frames 51 to 100$' '^frames +100: '
# In a repaired one the index says which frames are missing.
"$CANON" repair "$work/b" -o "$work/r" >"$work/out"
tool info "$work/r"
expect_status 9
expect '^condition +lossy; so its index' '  missing: frames 51 to 100$'
tool info "$work/r" --json
expect '"condition":"lossy","holes":1,"lost":\[\{"why":"missing","first_frame":51,"last_frame":100\}\]'

# Without an index.
read -r offset stored <<<"$(chunk "$work/a" FRAMES 2)"
head -c "$offset" "$work/a" >"$work/open"
tool info "$work/open"
expect_status 0
expect '^condition +open$' '^opened by +headers; all of it was read$' 'not closed'
head -c $((offset + 80)) "$work/a" >"$work/torn"
tool info "$work/torn"
expect_status 9
expect '^condition +torn$' 'the end is torn; lost: the frames from 101 on'
{ echo noise; cat "$work/a"; } >"$work/noise"
tool info "$work/noise" --json
expect_status 9
expect '"opened_by":"scan","read_all":true,"condition":"lossy"'
# Two in one file.
cat "$work/a" "$work/r" >"$work/two"
tool info "$work/two"
expect_status 9
expect '^segments +2$' '^frames +250: ' '^opened by +index'

# No keyframe; no META; no recording.
cp "$work/a" "$work/b"
for number in 0 1 2 3; do
    read -r offset stored <<<"$(chunk "$work/a" KEY "$number")"
    damage "$work/b" $((offset + 72))
done
tool info "$work/b" --all
expect_status 10
expect '^condition +unusable: no keyframe is whole' '^frames +150'
for kind in META KEY; do
    for number in 0 1 2 3; do
        read -r offset stored <<<"$(chunk "$work/a" "$kind" "$number")"
        damage "$work/b" $((offset + 73))
    done
done
tool info "$work/b" --all --json
expect_status 10
expect '"meta":"there is no META that is whole"' '"condition":"unusable"'
for path in "$work/none" "$work/program/main.lua" "$work"; do
    tool info "$path"
    expect_status 10
done
# A name that would move the cursor.
mkdir "$work/$(printf 'bad\033[2J')"
cp "$work/program/"* "$work/$(printf 'bad\033[2J')"
tool record "$work/$(printf 'bad\033[2J')" --frames 2 --quiet -o "$work/bad"
tool info "$work/bad"
expect_status 0
expect '^program +bad\\x1B\[2J,'
exit 0
