-- Module: inspect
-- Package: lua-inspect
-- Outcome: runs
local inspect = require "inspect"

return function(check, number)
    check.equal(inspect({ 1, 2, 3 }), "{ 1, 2, 3 }")
    check.equal(inspect({ a = 1, b = 2 }), "{\n  a = 1,\n  b = 2\n}")
    check.equal(inspect({ 1, 2, x = { "y" }, ["a b"] = true }), '{ 1, 2,\n  ["a b"] = true,\n  x = { "y" }\n}')
    check.equal(inspect("a\n'b'\""), [["a\n'b'\""]])
    check.equal(inspect({ print, print }), "{ <function 1>, <function 1> }")
    local ring = { name = "ring" }
    ring.ring = ring
    check.equal(inspect(ring), '<1>{\n  name = "ring",\n  ring = <table 1>\n}')
    check.equal(inspect({ { {} } }, { depth = 1 }), "{ {...} }")
    check.equal(inspect({ a = { b = 1 } }, { newline = "", indent = "" }), "{a = {b = 1}}")
    check.equal(inspect(setmetatable({}, { __index = 1 })), "{\n  <metatable> = {\n    __index = 1\n  }\n}")
    local hidden = function(item, path) if path[#path] ~= "secret" then return item end end
    check.equal(inspect({ secret = 1, open = 2 }, { process = hidden }), "{\n  open = 2\n}")
    return inspect({ id = number, half = number / 2, list = { number, { number } } })
end
