-- Module: moses
-- Package: lua-moses
-- Outcome: runs with stand-ins
-- Lacks: os.clock, which one function of many needs

os = { clock = function() return 0 end }
local moses = require "moses"

return function(check, number)
    check.equal(moses.map({ 1, 2, 3 }, function(v) return v * number end), { number, 2 * number, 3 * number })
    check.equal(moses.reduce({ 1, 2, 3, 4 }, function(a, b) return a + b end), 10)
    check.equal(moses.select({ 1, 2, 3, 4 }, function(v) return v % 2 == 0 end), { 2, 4 })
    check.equal(moses.flatten({ 1, { 2, { 3 } } }), { 1, 2, 3 })
    check.equal(moses.uniq({ 1, 1, 2, 1 }), { 1, 2 })
    check.equal(moses.isEqual({ a = { 1 } }, { a = { 1 } }), true)
    check.equal(moses.keys({ b = 1, a = 2 }), { "a", "b" })
    check.equal(moses.groupBy({ 1, 2, 3 }, function(v) return v % 2 == 0 and "even"
        or "odd" end), { even = { 2 }, odd = { 1, 3 } })
    check.equal(moses.chain({ 3, 1, 2 }):sort():map(function(v) return v * 10 end):value(), { 10, 20, 30 })
    check.equal(moses.zip({ 1, 2 }, { "a", "b" }), { { 1, "a" }, { 2, "b" } })
    check.equal(moses.compose(function(x) return x + 1 end, function(x) return x * 2 end)(5), 11)
    return table.concat(moses.range(1, number), ",")
end
