-- Goal: table.move copies absent elements; the limit on library work ends it.
-- Stops: work

table.move({}, 1, 2^40 // 1 | 0, 2)
