-- Goal: string.rep below its cap, again and again; the limit on library work ends it.
-- Stops: work

while true do pcall(string.rep, "x", 2^20 // 1 | 0) end
