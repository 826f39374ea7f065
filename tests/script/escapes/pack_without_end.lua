-- Goal: string.pack in a loop; the limit on library work ends it.
-- Stops: work

local f = ("i4"):rep(1000) while true do string.packsize(f) end
