-- Goal: load of a big text; the limit on library work ends it.
-- Stops: work

local source = ("x = 1 "):rep(100000) while true do load(source) end
