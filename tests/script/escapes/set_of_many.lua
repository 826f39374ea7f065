-- Goal: a set of many members is looked through for each byte; the limit on library work ends it.
-- Stops: work

local s, set = ("\xff"):rep(100000), "[" .. ("a"):rep(900) .. "]"
while true do s:find(set) end
