-- Goal: table.unpack below its cap; the limit on library work ends it.
-- Stops: work

local t = {} while true do select("#", table.unpack(t, 1, 100000)) end
