-- Goal: six shortest repetitions try n^6 ways; the limit on library work ends it.
-- Stops: work

local s = ("a"):rep(3000)
s:find((".-"):rep(6) .. "b")
