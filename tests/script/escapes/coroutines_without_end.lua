-- Goal: making and entering coroutines costs more than its instructions tell; the limit on library work ends it.
-- Stops: work

while true do coroutine.wrap(rawlen)("") end
