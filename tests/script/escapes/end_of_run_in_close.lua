-- Goal: coroutine.close does not swallow the end of a run; the limit on library work ends it.
-- Stops: work

local function spend() table.move({}, 1, 2^40 // 1 | 0, 2) end
local function wait()
    local x <close> = setmetatable({}, { __close = spend })
    coroutine.yield()
end
while true do
    local co = coroutine.create(wait)
    coroutine.resume(co)
    coroutine.close(co)
end
