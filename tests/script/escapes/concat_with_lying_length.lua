-- Goal: table.concat reads through `__index`; the limit on library work ends it.
-- Stops: work

table.concat(setmetatable({}, { __len = function() return 2^40 // 1 | 0 end, __index = function() return "" end }))
