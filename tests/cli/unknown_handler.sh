#!/usr/bin/env bash
# A post to or a call of a function that does not exist is an error of the script at that line, and says how to make one.
. "$(dirname "$0")/common.sh"

program <<'LUA'
function on_frame(frame)
    engine.submit("post")
    engine.submit("call")
end
function jobs.post() engine.post_to_main_thread("struck", {}) end
function jobs.call() engine.call("sturck", {}) end
function actions.stuck() end
LUA
run_everywhere --frames 2
expect_status 0
expect "^\{\"frame\":1,.*\"message\":\"main\.lua:5: there is no action handler 'struck'; define function actions\.struck\(data\)" \
    "^\{\"frame\":2,.*\"message\":\"main\.lua:6: there is no action handler 'sturck'.*\"line\":6,\"job\":\"1:0\""
