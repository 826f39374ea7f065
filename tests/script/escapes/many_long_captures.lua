-- Goal: captures of long texts, again and again; the limit on library work ends it.
-- Stops: work

local s = ("x"):rep(1000000)
while true do s:find(("("):rep(30) .. ".*" .. (")"):rep(30)) end
