-- Module: binaryheap
-- Package: lua-binaryheap
-- Outcome: runs
local binaryheap = require "binaryheap"

return function(check, number)
    local heap = binaryheap.minHeap()
    for _, value in ipairs{ 5, 3, 9, 1, 7, number, 3 } do heap:insert(value) end
    check.equal(heap:size(), 7)
    check.equal(heap:peek(), 1)
    local sorted = {}
    while heap:size() > 0 do sorted[#sorted + 1] = heap:pop() end
    local expected = { 5, 3, 9, 1, 7, number, 3 }
    table.sort(expected)
    check.equal(sorted, expected)
    check.equal(heap:pop(), nil)

    local queue = binaryheap.maxUnique()
    queue:insert(10, "walk")
    queue:insert(30, "fire")
    queue:insert(20, "look")
    check.equal({ queue:peek() }, { "fire", 30 })
    queue:update("walk", 40)
    check.equal(queue:valueByPayload("walk"), 40)
    check.equal({ queue:remove("fire") }, { 30, "fire" })
    check.equal({ queue:pop() }, { "walk", 40 })
    check.fails("duplicate payload", queue.insert, queue, 1, "look")
    check.equal(queue:size(), 1)
    return table.concat(sorted, " ")
end
