#!/usr/bin/env bash
# Inputs reach on_input in their frame, by source and sequence, whatever the order of the lines; the first source rotates.
. "$(dirname "$0")/common.sh"

program <<'LUA'
function on_input(source, input) engine.log("info", "input " .. source .. input.name) end
LUA
cat >"$work/inputs.jsonl" <<'JSON'
{"frame": 2, "source": 2, "data": {"name": "c"}}
{"frame": 1, "source": 7, "data": {"name": "x"}}

{"frame": 2, "source": 2, "data": {"name": "d"}}
{"frame": 2, "source": 1, "sequence": 9, "data": {"name": "b"}}
{"frame": 2, "source": 1, "sequence": 3, "data": {"name": "a"}}
{"frame": 3, "source": 1, "data": {"name": "e"}}
{"frame": 3, "source": 2, "data": {"name": "f"}}
{"frame": 9, "source": 2, "data": {"name": "late"}}
JSON
run_everywhere --frames 3 --inputs "$work/inputs.jsonl"
expect_status 0
names() { sed -n "/^{\"frame\":$1,/p" "$out" | grep -oE '"input [0-9a-z]+"' | tr -d '"\n' | sed 's/input / /g'; }
[ "$(names 1)" = ' 7x' ] || fail "frame 1 got$(names 1)"
[ "$(names 2)" = ' 1a 1b 2c 2d' ] || fail "frame 2 got$(names 2)"
[ "$(names 3)" = ' 2f 1e' ] || fail "frame 3 got$(names 3)"

run_once --frames 3 --inputs "$work/inputs.jsonl"
expect '^unused inputs: 1 \('
