#!/usr/bin/env bash
# Two handlers that post to each other for ever are stopped at the limit of depth; the frame ends, and so does the next.
. "$(dirname "$0")/common.sh"

program <<'LUA'
singleton("game", { passes = 0 })
function on_frame(frame) engine.submit("serve") end
function jobs.serve() engine.post_to_main_thread("ping", 1) end
function actions.ping(n)
    engine.add("game", "passes", 1)
    engine.post_to_main_thread("pong", n + 1)
end
function actions.pong(n)
    engine.add("game", "passes", 1)
    engine.post_to_main_thread("ping", n + 1)
end
function on_commit(frame) engine.log("info", engine.get("game", "passes") .. " passes") end
LUA
run_everywhere --frames 2
expect_status 0
expect '^\{"frame":1,.*"kind":"limit","function":"actions\.p[io]ng","message":".*post_depth.*"line":(6|10),"job":"0:0"' \
    '^\{"frame":2,.*"kind":"limit"'
expect '"text":"32 passes"' '"text":"64 passes"'
