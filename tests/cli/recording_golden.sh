#!/usr/bin/env bash
# A recording of each version of the format is kept, and plays for ever: on every processor, with every build of Lua that this
# one can be. It was made by: canon record tests/replay/session_1 --frames 60 --keyframes 25 --seed 3 --record-effects
# --inputs tests/replay/session_1/inputs.jsonl. Whoever changes what comes of it changes the simulation, and says why.
. "$(dirname "$0")/common.sh"

kept=$root/tests/replay/session_1
hash=8878af41ef16eab1
tool replay "$kept/recording.canon" --json --workers 2
expect_status 0
expect "\"frame\":60,\"hash\":\"$hash\"" '"frames":60,"last_frame":60,"same":true'
tool replay "$kept/recording.canon" --mode apply --json
expect_status 0
expect '"frames":60,"last_frame":60,"same":true'
tool verify "$kept/recording.canon"
expect_status 0

# Made anew it is the same session, frame by frame.
program=$work/program
cp -r "$kept" "$program"
rm "$program/recording.canon"
record "$work/again.canon" --frames 60 --keyframes 25 --seed 3 --record-effects --inputs "$kept/inputs.jsonl"
tool diff "$kept/recording.canon" "$work/again.canon"
expect_status 0
expect '^no frame differs: 60 frames$'

# And another build's tool agrees, where there is one: on this machine while this one is emulated.
if [ -n "${CANON_ELSEWHERE:-}" ]; then
    status=0
    "$CANON_ELSEWHERE" verify "$work/again.canon" >"$out" 2>"$err" || status=$?
    expect_status 0
    "$CANON_ELSEWHERE" record "$program" --quiet --frames 60 --keyframes 25 --seed 3 --record-effects \
        --inputs "$kept/inputs.jsonl" -o "$work/elsewhere.canon" || fail "the other build does not record"
    tool verify "$work/elsewhere.canon"
    expect_status 0
    tool diff "$work/again.canon" "$work/elsewhere.canon"
    expect '^no frame differs: 60 frames$'
fi
