-- Goal: gsub does not swallow the end of a run in its function; the limit on library work ends it.
-- Stops: work

local function spend() table.move({}, 1, 2^40 // 1 | 0, 2) end
while true do pcall(string.gsub, "abc", "%w", spend) end
