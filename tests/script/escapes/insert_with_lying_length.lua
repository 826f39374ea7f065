-- Goal: table.insert moves as many elements as `__len` tells; the limit on library work ends it.
-- Stops: work

table.insert(setmetatable({}, { __len = function() return 2^40 // 1 | 0 end }), 1, "x")
