-- Goal: string.format of long results; the limit on library work ends it.
-- Stops: work

while true do string.format("%.99f %.99f %.99f %.99f", 1e308, 1e308, 1e308, 1e308) end
