-- Goal: %1 compares as much as was captured, for each length of the capture; the limit on library work ends it.
-- Stops: work

("a"):rep(100000):find("^(.-)%1b")
