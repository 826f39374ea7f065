-- Goal: gsub calls a C function for each byte, and no instruction runs; the limit on library work ends it.
-- Stops: work

local s = ("x"):rep(100000)
while true do s:gsub("x", rawlen) end
