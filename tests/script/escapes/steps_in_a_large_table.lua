-- Goal: next sorts many keys for each step from a key at which no walk stands; the limit on library work ends it.
-- Stops: work

local t = {}
for i = 1, 3000 do t["k" .. i] = i end
while true do next(t, "k1") next(t, "k2") end
