-- Goal: find of a text in a text, again and again; the limit on library work ends it.
-- Stops: work

local s, t = ("x"):rep(2000000), ("x"):rep(1000000) .. "y"
while true do s:find(t, 1, true) end
