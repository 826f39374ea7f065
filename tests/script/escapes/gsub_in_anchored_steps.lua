-- Goal: gsub with an anchor takes the rest along, again and again; the limit on library work ends it.
-- Stops: work

local s = ("x"):rep(200000)
while s ~= "" do s = s:gsub("^x", "", 1) end
