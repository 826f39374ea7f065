#!/usr/bin/env bash
# The flight recorder writes the last part of a session out at the first fault, on request, and when a signal ends the process; and
# what it writes replays.
. "$(dirname "$0")/common.sh"

program <<'E2'
template("unit", { hp = 100 })
function on_start() for i = 1, 5 do engine.spawn_entity("unit") end end
function on_frame(frame)
    engine.submit_each("act", "unit")
    if frame == 50 then error("boom") end
end
function jobs.act(id) engine.add(id, "hp", -1) end
E2
file=$work/flight.canon
run_once --frames 60 --flight "$file"
expect_status 0
expect_error '^canon: .*flight\.canon: the flight recording up to frame 50, [0-9]+ bytes$'
tool replay "$file"
expect_status 0
expect '^50 frames to frame 50' '^every hash is that of the recording$'

# The beginning is given up where the ring is full.
sed -i 's/frame == 50/false/' "$work/program/main.lua"
for signal in USR1 ABRT SEGV; do
    rm -f "$file"
    "$CANON" run "$work/program" --frames 100000000 --quiet --workers 1 --flight "$file" --flight-bytes 65536 2>"$work/err" &
    run=$!
    for ((tries = 0; tries < 300; ++tries)); do
        # As soon as signal 10, USR1, is caught, the frames are under way.
        caught=$(awk '$1 == "SigCgt:" { print substr($2, length($2) - 2, 1) }' "/proc/$run/status")
        if [ "/proc/$run/exe" -ef "$CANON" ] && [[ $caught == [2367abefABEF] ]]; then break; fi
        sleep 0.01
    done
    sleep 0.3
    kill -$signal "$run"
    for ((tries = 0; tries < 300; ++tries)); do
        if [ -s "$file" ]; then break; fi
        sleep 0.01
    done
    sleep 0.1
    kill -9 "$run" 2>/dev/null
    code=0
    wait "$run" 2>/dev/null || code=$?
    if [ $signal = ABRT ] && [ $code != 134 ]; then fail "SIGABRT ended it with $code"; fi
    if [ $signal = SEGV ] && [ $code != 139 ]; then fail "SIGSEGV ended it with $code"; fi
    [ -s "$file" ] || fail "SIG$signal left no flight recording"
    tool replay "$file"
    expect_status 0
    expect '^every hash is that of the recording$'
    refuse ' from frame 0,'
done 2>"$work/jobs" # where the shell tells of jobs that were ended

status=0
"$CANON" run "$work/program" --flight "$file" --record "$work/x" >"$work/out" 2>"$work/err" || status=$?
out=$work/out err=$work/err
expect_status 2
expect_error 'not recorded as a whole'
