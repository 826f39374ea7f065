-- Goal: table.sort believes `__len`; the limit on library work ends it.
-- Stops: work

table.sort(setmetatable({}, { __len = function() return 2^40 // 1 | 0 end }))
