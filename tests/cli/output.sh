#!/usr/bin/env bash
# The table is plain in a pipe and coloured on a terminal; it tells what JSON tells; scripts cannot break out of it.
. "$(dirname "$0")/common.sh"

program <<'LUA'
function on_frame(frame)
    if frame == 2 then
        engine.log("warning", "red \27[31m bell \7 and\nsecond line")
        engine.log("debug", "bytes \255")
        error("first\nsecond \27[2J")
    end
end
LUA
run_once --frames 3
expect_status 0
grep -qP '[\x00-\x08\x0b-\x1f]' "$out" && fail "control characters in a pipe:" "$(cat -v "$out")"
expect '^ +2  warning  on_frame: red \\x1B\[31m bell \\x07 and$' '^ +second line$' '^ +2  fault ' '^3 frames, 0 jobs, 0 actions, 1 fault$'
table=$(sed -n 's/^state hash //p' "$out")
rows=$(grep -cE '^ +[0-9]+ .* [0-9a-f]{16}$' "$out")
[ "$rows" = 3 ] || fail "$rows rows for 3 frames" "$(cat "$out")"

run_once --frames 3 --json
expect_status 0
[ "$(wc -l <"$out")" = 3 ] || fail "$(wc -l <"$out") lines of JSON for 3 frames"
python3 -c 'import json, sys
frames = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert [frame["frame"] for frame in frames] == [1, 2, 3], frames
assert frames[-1]["hash"] == sys.argv[2], "the table ends with " + sys.argv[2]
assert [entry["level"] for entry in frames[1]["log"]] == ["warning", "debug"], frames[1]
' "$out" "$table" || fail "the JSON is not as the table says"

run_once --frames 100 --hash-every 30
[ "$(grep -oE '^ +[0-9]+ .* [0-9a-f]{16}$' "$out" | awk '{ printf "%s ", $1 }')" = '30 60 90 100 ' ] || fail "--hash-every 30:" "$(cat "$out")"
run_once --frames 1000 --json --hash-every 400
[ "$(grep -oE '^\{"frame":[0-9]+' "$out" | tr -dc '0-9\n' | tr '\n' ' ')" = '2 400 800 1000 ' ] ||
    fail "--json --hash-every 400 shows: $(cut -c 1-60 "$out")"

if command -v script >/dev/null; then
    # `script` runs the command on a terminal of its own.
    on_terminal() { env -u NO_COLOR TERM=xterm "$@" script -qec "'$CANON' run '$work/program' --frames 3" /dev/null; }
    # Into a file: a reader that stops early would end `script`, and with it the pipeline, in failure.
    on_terminal env >"$out" 2>&1 </dev/null || fail "no run on a terminal:" "$(cat -v "$out")"
    grep -q $'\033\[31m' "$out" || fail "no colour on a terminal:" "$(cat -v "$out")"
    on_terminal env NO_COLOR=1 >"$out" 2>&1 </dev/null || fail "no run on a terminal:" "$(cat -v "$out")"
    grep -q $'\033\[[0-9]*m' "$out" && fail "colour in spite of NO_COLOR:" "$(cat -v "$out")"
fi
exit 0
