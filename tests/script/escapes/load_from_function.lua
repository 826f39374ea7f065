-- Goal: load reads pieces for ever; the limit on library work ends it.
-- Stops: work

load(function() return "x = 1 " end)
