-- Goal: conversions of long strings; the limit on library work ends it.
-- Stops: work

local s = ("7"):rep(1000000) while true do tonumber(s) s:upper() s:reverse() utf8.len(s) end
