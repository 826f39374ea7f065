-- Goal: pairs of many keys; the limit on library work ends it.
-- Stops: work

local t = {} for i = 1, 10000 do t["k" .. i] = i end while true do pairs(t) next(t, "k1") next(t) end
