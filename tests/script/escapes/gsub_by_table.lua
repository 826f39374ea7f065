-- Goal: gsub looks each byte up in a table, and no instruction runs; the limit on library work ends it.
-- Stops: work

local s = ("x"):rep(100000)
while true do s:gsub("x", { x = "y" }) end
