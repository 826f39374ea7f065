-- Goal: pcall, xpcall and coroutines do not swallow the end of a run; the limit on library work ends it.
-- Stops: work

local function spend() table.move({}, 1, 2^40 // 1 | 0, 2) end
while true do
    pcall(spend)
    xpcall(spend, function() while true do end end)
    coroutine.resume(coroutine.create(spend))
    pcall(coroutine.wrap(spend))
    load(spend)
    local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = spend }) coroutine.yield() end)
    coroutine.resume(co)
    coroutine.close(co)
end
