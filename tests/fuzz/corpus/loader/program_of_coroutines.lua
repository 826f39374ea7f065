template("a", { n = 0 })
function on_start() engine.spawn_entity("a") end
function on_frame() engine.submit_each("run", "a") end
function jobs.run(id)
    local co = coroutine.wrap(function(x)
        for i = 1, 3 do x = x + coroutine.yield(x) end
        local t <close> = setmetatable({}, { __close = function() engine.log("info", "closed") end })
        error({ x })
    end)
    co(1)
    engine.add(id, "n", co(2))
    local good, problem = pcall(function() co(3) co(4) end)
    engine.set(id, "n", type(problem) == "table" and problem[1] or 0)
end
