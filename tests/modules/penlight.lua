-- Module: pl
-- Package: lua-penlight
-- Outcome: runs with stand-ins
-- Also: debug.lua: return {}
-- Lacks: package.config, io.stdout and the debug library, which it looks into while it loads

package = { config = "/\n;\n?\n!\n-\n", searchpath = function() end }
io = { stdout = setmetatable({}, { __name = "FILE*" }) }
debug = {}
local List, OrderedMap, Set = require "pl.List", require "pl.OrderedMap", require "pl.Set"
local class, tablex, stringx = require "pl.class", require "pl.tablex", require "pl.stringx"

return function(check, number)
    local list = List{ 10, 20, 30 }
    check.equal(tostring(list:append(number):reverse()), "{" .. number .. ",30,20,10}")
    check.equal({ table.unpack(list:slice(2, 3)) }, { 30, 20 })
    check.equal(tostring(List.range(1, 5):filter(function(v) return v > 2 end)), "{3,4,5}")
    local map = OrderedMap()
    map:set("z", 1)
    map:set("a", 2)
    check.equal(tostring(map), '{z=1,a=2}')
    check.equal(tostring(Set{ 3, 1, 2 } * Set{ 2, 3, 4 }):gsub("%s", "") , "[2,3]")
    local Animal = class()
    function Animal:_init(name) self.name = name end
    function Animal:__tostring() return self.name .. ": " .. self:speak() end
    local Dog = class(Animal)
    function Dog:speak() return "bark" end
    local fido = Dog("fido")
    check.equal(tostring(fido), "fido: bark")
    check.equal({ fido:is_a(Animal), Animal:class_of(fido), Dog:class_of(Animal("x")) }, { true, true, false })
    check.equal(tablex.deepcompare({ 1, { x = 2 } }, { 1, { x = 2 } }), true)
    check.equal(tablex.map("*", { 1, 2, 3 }, number), { number, 2 * number, 3 * number })
    check.equal(stringx.split("a,b,,c", ","), List{ "a", "b", "", "c" })
    check.equal({ stringx.strip("  x "), stringx.startswith("xyz", "xy"), stringx.center("x", 5, "-") },
        { "x", true, "--x--" })
    return tostring(list)
end
