-- Goal: a comparator hides errors from a loop of sorts; the limit on library work ends it.
-- Stops: work

while true do table.sort({ 3, 2, 1 }, function(a, b) return select(2, pcall(error, a < b)) end) end
