#!/usr/bin/env bash
# Ctrl-C ends a run after the frame under way, with its summary and a code of its own. A full disk is an error, not silence.
. "$(dirname "$0")/common.sh"

program <<<'function on_frame(frame) end'
out=$work/out err=$work/err status=0
"$CANON" run "$work/program" --frames 1000000000 >"$out" 2>"$err" &
run=$!
interrupt "$run"
wait "$run" || status=$?
expect_status 130
expect '^interrupted$' '^[0-9,]+ frames, ' '^state hash [0-9a-f]{16}$'

if [ -c /dev/full ]; then
    status=0
    : >"$out"
    "$CANON" run "$work/program" --frames 3 --json >/dev/full 2>"$err" || status=$?
    expect_status 1
    expect_error '^canon: .*(cannot be written|cannot write)'
fi
