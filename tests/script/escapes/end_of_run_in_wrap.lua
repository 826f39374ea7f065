-- Goal: a wrapped coroutine, closed as it fails, does not swallow the end of a run; the limit on library work ends it.
-- Stops: work

local function spend() table.move({}, 1, 2^40 // 1 | 0, 2) end
local function fail()
    local x <close> = setmetatable({}, { __close = spend })
    error("closed first")
end
while true do pcall(coroutine.wrap(fail)) end
