-- Goal: what a match that fails has done is counted, though the script catches the error; the limit on library work ends it.
-- Stops: work

local s = ("x"):rep(100000)
while true do pcall(string.find, s, "x*%") end
