template("a", { text = "", list = any })
function on_start() engine.spawn_entity("a") end
function on_frame() engine.submit("spin") engine.submit("eat") engine.submit("copy") end
function jobs.spin() while true do pcall(error) end end
function jobs.eat() local t = {} for i = 1, 1e9 do t[i] = { t } end end
function jobs.copy() local s = "x" while true do s = s .. s end end
function on_fault(fault) engine.set(1, "text", fault.kind) end
