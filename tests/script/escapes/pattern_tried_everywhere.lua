-- Goal: a pattern that begins anywhere and fails at the end takes n^2 steps; the limit on library work ends it.
-- Stops: work

("x"):rep(200000):gsub("x*y", "")
