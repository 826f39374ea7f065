-- Goal: gmatch looks through all the rest, once for each byte; the limit on library work ends it.
-- Stops: work

for _ in ("x"):rep(100000):gmatch(".-y") do end
