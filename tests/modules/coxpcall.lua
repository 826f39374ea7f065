-- Module: coxpcall
-- Package: lua-coxpcall
-- Outcome: runs
local coxpcall = require "coxpcall"

return function(check, number)
    check.equal({ coxpcall.pcall(function(a) return a + 1 end, number) }, { true, number + 1 })
    check.equal({ coxpcall.pcall(error, "no", 0) }, { false, "no" })
    check.equal({ coxpcall.xpcall(error, function(e) return e .. "!" end, "no", 0) }, { false, "no!" })
    check.equal({ coxpcall.running() }, { coroutine.running() })
    local steps = coroutine.wrap(function()
        local ok, sum = coxpcall.pcall(function(a) return a + coroutine.yield(a) end, number)
        coroutine.yield(sum)
        return select(2, coxpcall.pcall(error, "end", 0))
    end)
    check.equal({ steps(), steps(5), steps() }, { number, number + 5, "end" })
    return tostring(number)
end
