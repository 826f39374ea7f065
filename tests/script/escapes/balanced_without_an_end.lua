-- Goal: a %b that is never closed looks through all the rest, once for each byte; the limit on library work ends it.
-- Stops: work

("("):rep(200000):find("%b()")
