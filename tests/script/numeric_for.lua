-- Goal: numeric for counts exactly: never past the limit, never around the ends of the integers, with a fresh variable
-- each time.

local function run(first, last, step)
    local values = {}
    for i = first, last, step or 1 do
        values[#values + 1] = tostring(i)
        if #values > 20 then error("endless", 0) end
    end
    return table.concat(values, " ")
end
local max, min, huge = math.maxinteger, math.mininteger, math.huge

assert(run(1, 3) == "1 2 3" and run(3, 1) == "" and run(1, 1) == "1" and run(3, 1, -1) == "3 2 1"
    and run(1, 10, 4) == "1 5 9" and run(1, 3, -1) == "")
assert(run(-2, 2, 2) == "-2 0 2" and run(1, 2.9) == "1 2" and run(1, 2.9, 1) == "1 2" and run(3, 1.1, -1) == "3 2")

-- Floats: if first and step are not both integers, all are floats.
assert(run(1.0, 3) == "1.0 2.0 3.0" and run(1, 2, 0.5) == "1.0 1.5 2.0" and run(0, 0.3, 0.1) == "0.0 0.1 0.2"
    and run(2, 1, -0.5) == "2.0 1.5 1.0")
assert(run(1.5, 1) == "")
assert(run(1, 0 / 0) == "" and run(-0.0, 0.0) == "-0.0")

-- The ends of the integers.
assert(run(max - 1, max) == (max - 1) .. " " .. max and run(min + 1, min, -1) == (min + 1) .. " " .. min
    and run(max, max) == tostring(max))
assert(run(max - 2, max, 2) == (max - 2) .. " " .. max and run(max - 1, max, 2) == tostring(max - 1)
    and run(min, min + 1, max) == tostring(min))
assert(run(min, max, max) == min .. " -1 " .. (max - 1) and run(max, min, min) == max .. " -1"
    and run(min, max, max // 2 + 1):find("^" .. min))
assert(run(max, max, min) == tostring(max) and run(1, max, max) == "1" and run(0, max, max) == "0 " .. max
    and run(0, min, min) == "0 " .. min)

-- A limit that is no integer is cut to one that is.
assert(run(max - 1, huge) == (max - 1) .. " " .. max and run(min + 1, -huge, -1) == (min + 1) .. " " .. min
    and run(1, -huge) == "" and run(1, huge, -1) == "")
assert(run(max, 1e100) == tostring(max) and run(min, -1e100, -1) == tostring(min) and run(max, 2^63) == tostring(max)
    and run(1, -1e100) == "")

-- What is no number is an error, and so is a step of zero.
for _, bad in ipairs{ { 1, 2, 0 }, { 1.0, 2, 0.0 }, { 1, 2, -0.0 }, { {}, 1 }, { 1, {} }, { 1, 2, true } } do
    assert(not pcall(run, bad[1], bad[2], bad[3]))
end
assert(not pcall(run, nil, 1) and not pcall(run, 1, nil) and not pcall(run, 1, 2, 0))

-- Expressions are evaluated once, before the loop; changing the variable changes no round; each round has its own.
local evaluated = 0
local function once(value) evaluated = evaluated + 1 return value end
local total, functions = 0, {}
for i = once(1), once(3), once(1) do
    functions[i] = function() i = i + 10 return i end
    total = total + i
    i = 100
end
assert(evaluated == 3 and total == 6)
for i = 1, 3 do local seen = {} for j = 1, 2 do seen[j] = function() return i * j end end assert(seen[1]() == i
    and seen[2]() == 2 * i) end
for i = 1, 3 do functions[i] = function() i = i + 10 return i end end
assert(functions[1]() == 11 and functions[1]() == 21 and functions[2]() == 12 and functions[3]() == 13)
