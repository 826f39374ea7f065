#!/usr/bin/env bash
# Recordings of each version of the format are kept, and play for ever: on every processor, with every build of Lua that this
# one can be. They were made by: canon record PROGRAM --record-effects --inputs INPUTS and the options below; session_2 has
# reloads and console inputs, and once more with --live deliveries of what was done. Whoever changes what comes of them changes the
# simulation, and says why.
. "$(dirname "$0")/common.sh"

# plays FILE FRAMES HASH
plays() {
    tool replay "$1" --json --workers 2
    expect_status 0
    expect "\"frame\":$2,\"hash\":\"$3\"" "\"frames\":$2,\"last_frame\":$2,\"same\":true"
    tool replay "$1" --mode apply --json
    expect_status 0
    expect "\"frames\":$2,\"last_frame\":$2,\"same\":true"
    tool verify "$1"
    expect_status 0
}

# check SESSION PROGRAM FRAMES HASH OPTION...: plays, made anew is the same session frame by frame, and another build's tool
# agrees, where there is one: on this machine while this one is emulated.
check() {
    local kept=$root/tests/replay/$1 program=$2 frames=$3 hash=$4
    shift 4
    plays "$kept/recording.canon" "$frames" "$hash"
    rm -rf "$work/session"
    cp -r "$kept" "$work/session"
    rm "$work/session/"*.canon
    local command=(record "$work/session/$program" --quiet --frames "$frames" --record-effects --inputs "$kept/inputs.jsonl" "$@")
    tool "${command[@]}" -o "$work/again.canon"
    expect_status 0
    tool diff "$kept/recording.canon" "$work/again.canon"
    expect_status 0
    expect "^no frame differs: $frames frames\$"
    if [ -z "${CANON_ELSEWHERE:-}" ]; then return; fi
    status=0
    "$CANON_ELSEWHERE" verify "$work/again.canon" >"$out" 2>"$err" || status=$?
    expect_status 0
    "$CANON_ELSEWHERE" "${command[@]}" -o "$work/elsewhere.canon" || fail "the other build does not record"
    tool verify "$work/elsewhere.canon"
    expect_status 0
    tool diff "$work/again.canon" "$work/elsewhere.canon"
    expect "^no frame differs: $frames frames\$"
}

check session_1 . 60 8878af41ef16eab1 --keyframes 25 --seed 3
check session_2 first 40 7af230d342702e6a --keyframes 15 --seed 5
plays "$root/tests/replay/session_2/live.canon" 40 e4e5fed9c9ca07b0
