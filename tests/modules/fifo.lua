-- Module: fifo
-- Package: lua-fifo
-- Outcome: runs
local fifo = require "fifo"

return function(check, number)
    local queue = fifo("a", "b")
    queue:push("c")
    check.equal({ queue:length(), #queue }, { 3, 3 })
    check.equal({ queue:peek() }, { "a", true })
    check.equal({ queue:peek(4) }, { nil, false })
    queue:insert(2, "x")
    check.equal({ queue:pop(), queue:pop(), queue:remove(2) }, { "a", "x", "c" })
    check.equal(queue:pop(), "b")
    check.fails("Fifo empty", queue.pop, queue)
    check.fails("Tried to set table field", function() queue.field = 1 end)
    queue:setempty(function() return "nothing" end)
    check.equal(queue:pop(), "nothing")
    for i = 1, 100 do
        queue:push(i * number)
        if i % 3 == 0 then queue:pop() end
    end
    check.equal(queue:length(), 67)
    return tostring(queue:peek())
end
