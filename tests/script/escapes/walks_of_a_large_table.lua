-- Goal: pairs sorts many keys; the limit on library work ends it.
-- Stops: work

local t = {}
for i = 1, 3000 do t["k" .. i] = i end
while true do pairs(t) end
