-- Goal: gsub puts a long text in place of each byte; the limit on library work ends it.
-- Stops: work

local s = ("x"):rep(1000)
while true do s:gsub("x", s) end
