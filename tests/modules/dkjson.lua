-- Module: dkjson
-- Package: lua-dkjson
-- Outcome: runs
local json = require "dkjson"

return function(check, number)
    local order = { keyorder = { "kind", "unit", "path" } }
    local text = json.encode({ unit = number, kind = "move", path = { 1, 2.5, { x = -1 } } }, order)
    check.equal(text, '{"kind":"move","unit":' .. number .. ',"path":[1,2.5,{"x":-1}]}')
    check.equal(json.decode(text), { unit = number, kind = "move", path = { 1, 2.5, { x = -1 } } })
    check.equal(json.decode('[true, false, "a\\u00e9\\n\\"", 1e3, -0.5]'), { true, false, 'aé\n"', 1000.0, -0.5 })
    check.equal(json.decode('[null]')[1], nil)
    check.equal(json.decode('{"a": null}', 1, json.null), { a = json.null })
    check.equal(json.encode({}), "[]")
    check.equal(json.encode(setmetatable({}, { __jsontype = "object" })), "{}")
    check.equal(json.encode({ "\0\31\u{2028}/" }), '["\\u0000\\u001f\\u2028/"]')
    local value, position, message = json.decode('{"a": [1, 2}')
    check.equal({ value, position, message ~= nil }, { nil, 12, true })
    local ring = {}
    ring.ring = ring
    check.fails("reference cycle", json.encode, ring)
    check.equal(json.encode({ b = 1, a = 2, [3] = "c" }), '{"3":"c","a":2,"b":1}')
    return json.encode({ list = { number, 0.1, 1 / 3 } }, { indent = true })
end
