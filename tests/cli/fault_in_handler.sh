#!/usr/bin/env bash
# A handler that fails changes nothing and names the job that asked; other actions of that job, and other jobs, are not touched.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("soldier", { number = 0, pay = 0 })
singleton("treasury", { coins = 100 })
function on_start() for number = 1, 20 do engine.spawn_entity("soldier", { number = number }) end end
function on_frame(frame) engine.submit_each("ask", "soldier") end
function jobs.ask(id)
    engine.post_to_main_thread("pay_out", { soldier = id, number = engine.get(id, "number") })
    engine.add(id, "pay", 1)
end
function actions.pay_out(wish)
    engine.add("treasury", "coins", -1)
    if wish.number == 7 then error("seven is not paid") end
end
function on_commit(frame)
    local pay = 0
    for id in engine.each("soldier") do pay = pay + engine.get(id, "pay") end
    engine.log("info", pay .. " " .. engine.get("treasury", "coins"))
end
LUA
run_everywhere --frames 3
expect_status 0
# 20 soldiers were paid by a native action; the treasury paid 19.
expect '^\{"frame":1,.*"function":"actions\.pay_out","message":"main\.lua:11: seven is not paid".*"line":11,"job":"0:6","submitted":1,"in_job":false.*"text":"20 81"' \
    '^\{"frame":3,.*"text":"60 43"'
run_once --frames 3
expect '^ +1  fault +error in actions\.pay_out, asked for by job 0:6$' \
    '^ +3 x error in actions\.pay_out, frames 1 to 3: main\.lua:11: seven is not paid$'
