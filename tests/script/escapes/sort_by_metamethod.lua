-- Goal: table.sort compares by a C function; the limit on library work ends it.
-- Stops: work

local t = {}
for i = 1, 10000 do t[i] = i * 7919 % 10007 end
while true do table.sort(t, rawequal) end
