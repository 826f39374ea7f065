#!/usr/bin/env bash
# A wrong line of the inputs file is named by file and line, with what was expected, before any frame runs.
. "$(dirname "$0")/common.sh"

program <<'LUA'
function on_input(source, input) engine.log("info", source .. " " .. tostring(input)) end
LUA
inputs=$work/inputs.jsonl

# refuses LINE REGEX: the third line of the file is LINE.
refuses() {
    printf '{"frame": 1, "data": 1}\n\n%s\n{"frame": 1, "data": 2}\n' "$1" >"$inputs"
    run_once --json --inputs "$inputs"
    expect_status 5
    expect_error "^canon: .*inputs\.jsonl:3: .*$2.*a line is like"
    [ -s "$out" ] && fail "frames were run: $(head -n 1 "$out")"
    [ "$(wc -l <"$err")" = 1 ] || fail "more than one line of errors:" "$(cat "$err")"
}

refuses '{"frame": 2, "source": 1, "da' ''
refuses '[1, 2]' 'no object'
refuses '{"source": 1, "data": 3}' 'no "frame"'
refuses '{"frame": 0}' '"frame" is 0'
refuses '{"frame": 1.5}' '"frame" is 1\.5'
refuses '{"frame": 1, "source": -1}' '"source" is -1'
refuses '{"frame": 1, "source": 4294967296}' '"source" is 4294967296'
refuses '{"frame": 1, "sequence": "x"}' '"sequence" is "x"'
refuses '{"frame": 1, "daat": 3}' '"daat"'
refuses '{"frame": 1, "sequence": 0}' 'sequence 0 for frame 1 already, in line 1'

for missing in "$work/none.jsonl" "$work"; do
    run_once --inputs "$missing"
    expect_status 5
    expect_error "^canon: cannot read the inputs file $missing: "
done
