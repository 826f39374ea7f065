-- What the workouts assert with: two values are equal, tables by their contents.

local function equal(a, b)
    if type(a) ~= "table" or type(b) ~= "table" then return a == b and math.type(a) == math.type(b) end
    for key, value in next, a do if not equal(value, b[key]) then return false end end
    for key in next, b do if a[key] == nil then return false end end
    return true
end

local function show(value)
    if type(value) == "string" then return ("%q"):format(value) end
    if type(value) ~= "table" then return tostring(value) end
    local parts = {}
    for key, field in pairs(value) do parts[#parts + 1] = "[" .. show(key) .. "] = " .. show(field) end
    return "{ " .. table.concat(parts, ", ") .. " }"
end

local checks = 0

return {
    equal = function(found, expected)
        checks = checks + 1
        if not equal(found, expected) then error("found " .. show(found) .. ", expected " .. show(expected), 2) end
    end,
    -- The message of the error that f(...) must raise has this plain text in it.
    fails = function(text, f, ...)
        checks = checks + 1
        local ok, message = pcall(f, ...)
        if ok then error("no error, expected one with '" .. text .. "'", 2) end
        if not tostring(message):find(text, 1,
            true) then error("found the error " .. show(message) .. ", expected '" .. text .. "'", 2) end
    end,
    count = function() return checks end,
}
