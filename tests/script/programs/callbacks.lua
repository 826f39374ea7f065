-- Goal: which callbacks run when, that each run begins from the program as it was loaded, and what faults tell.
-- Fault: actions.failing

singleton("state", { calls = any, runs = 0 })
local runs = 0

local function called(name)
    runs = runs + 1
    assert(runs == 1, "scripts keep no state of their own")
    local calls = engine.get("state", "calls") or {}
    calls[#calls + 1] = name .. engine.frame()
    engine.set("state", "calls", calls)
end

function on_start() called("start") end
function on_frame(frame)
    called("frame")
    if frame == 2 then
        local ok, message = pcall(engine.call, "failing")
        assert(not ok and message == "undone" and engine.get("state", "runs") == 0)
        engine.post_to_main_thread("failing")
    end
end
function actions.failing()
    engine.set("state", "runs", 99)
    error("undone", 0)
end
function on_fault(fault)
    called("fault")
    assert(fault.kind == "error" and fault["function"] == "actions.failing" and fault.frame == 2
        and fault.message == "undone" and fault.in_job == false)
end
function on_commit(frame)
    called("commit")
    assert(engine.get("state", "runs") == 0)
    if frame == 3 then
        assert(table.concat(engine.get("state", "calls"),
            " ") == "start0 commit0 frame1 commit1 frame2 fault2 commit2 frame3 commit3")
    elseif frame == 6 then
        print("checked")
    end
end
