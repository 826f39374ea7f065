#!/usr/bin/env bash
# What a command takes in memory does not grow with the recording: of one five times as long, with more keyframes than are kept, it takes as much.
. "$(dirname "$0")/common.sh"

program <<'EOP'
template("unit", { n = 0, x = 0.5 })
function on_start() for i = 1, 4000 do engine.spawn_entity("unit") end end
function on_frame(frame) engine.submit_each("act", "unit", { every = 40 }) end
function jobs.act(id) engine.add(id, "n", math.random(1000)) engine.set(id, "x", math.random()) end
EOP
record "$work/short.canon" --frames 800 --keyframes 20 --record-effects
record "$work/long.canon" --frames 4000 --keyframes 20 --record-effects
[ "$(stat -c %s "$work/long.canon")" -gt 4000000 ] || fail "the long recording is too short to show anything"

# The most that each command holds at a time, of either, in KiB.
python3 - "$CANON" "$work" <<'EOP' || exit 1
import os, sys
canon, work = sys.argv[1:]

def most_held(command, recording):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(canon, [canon] + [recording if word == "FILE" else word for word in command])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"canon {' '.join(command)} ended with status {status}")
    return usage.ru_maxrss

kSlack = 4096  # two threads of verify may hold a chunk and a keyframe more
out = os.path.join(work, "out.canon")
for command in (["info", "FILE", "--all"], ["verify", "FILE"], ["replay", "FILE"], ["replay", "FILE", "--mode", "apply"],
                ["replay", "FILE", "--seek", "150,10,190"], ["dump", "FILE", "--what", "frames,actions,effects,log"],
                ["diff", "FILE", "FILE"], ["repair", "FILE", "-o", out, "--force"],
                ["cut", "FILE", "--from", "2", "-o", out, "--force"]):
    short, long = (most_held(command, f"{work}/{name}.canon") for name in ("short", "long"))
    if long > short + kSlack:
        sys.exit(f"canon {' '.join(command)}: {long} KiB for 4,000 frames, {short} KiB for 800")
EOP
