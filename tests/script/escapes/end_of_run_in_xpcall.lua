-- Goal: xpcall neither swallows the end of a run nor tells its handler; the limit on library work ends it.
-- Stops: work

local function spend() table.move({}, 1, 2^40 // 1 | 0, 2) end
while true do xpcall(spend, function() while true do end end) end
