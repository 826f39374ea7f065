-- Goal: parameters, varargs, several results, method calls, tail calls and closures.

-- Adjustment of arguments and results.
local function count(...) return select("#", ...) end
local function three() return 1, 2, 3 end
local function none() end
assert((function(a, b) return b end)(1) == nil and (function(a) return a end)(1, 2) == 1)
assert(count(three()) == 3 and count(three(), three()) == 4 and count((three())) == 1 and count(three(), nil) == 2
    and count(none()) == 0 and count((none())) == 1)
assert(count(nil, nil) == 2 and count(none(), none()) == 1 and #{ three(), three() } == 4
    and count(table.unpack({ 1, nil, 3 }, 1, 3)) == 3)
local a, b, c, d = three()
assert(a == 1 and b == 2 and c == 3 and d == nil)
a, b = (three())
assert(a == 1 and b == nil)
a, b, c = 0, three()
assert(a == 0 and b == 1 and c == 2)

-- Varargs.
local function pass(...) return ... end
local function middle(...) local first, second = ... return first, second end
assert(count(pass(1, nil, nil)) == 3 and count(middle()) == 2 and select(2, middle(1, 2, 3)) == 2 and count(...) >= 0)
assert((function(...) local t = { ... } t[1] = 9 return ... end)(5) == 5)
assert((function(x, ...) return x, ... end)(1, 2) == 1 and count((function(x, ...) return ... end)(1)) == 0
    and load("local function f() return ... end") == nil)
assert(load("return ...")(7) == 7 and count(load("return ...")(1, 2, 3)) == 3)
local packed = (function(...) return { n = select("#", ...), ... } end)(nil, 2, nil)
assert(packed.n == 3 and packed[2] == 2)
assert(count(pass(table.unpack({}, 1, 250))) == 250)

-- Calls without parentheses, chains, methods.
local function kind(x) return type(x) end
assert(kind"s" == "string" and kind[[s]] == "string" and kind{} == "table" and ("x"):rep(3):upper() == "XXX"
    and #("abc"):sub(2) == 2)
local object = { value = 5 }
function object:get(n) return self.value + (n or 0) end
function object.plain(self) return self end
object.inner = { deep = {} }
function object.inner.deep:name() return self == object.inner.deep end
assert(object:get() == 5 and object:get(2) == 7 and object.get({ value = 1 }) == 1 and object:plain() == object
    and object.inner.deep:name())
local evaluated = 0
local function make() evaluated = evaluated + 1 return object end
assert(make():get() == 5 and evaluated == 1, "the object of a method call is evaluated once")
assert(not pcall(function() return object:missing() end) and not pcall(function() return (5):x() end)
    and not pcall(function() local n n() end))
local callable = setmetatable({}, { __call = function(self, ...) return self, ... end })
assert(callable(1, 2) == callable and select(3, callable(1, 2)) == 2 and count(callable()) == 1)
local outer = setmetatable({}, { __call = callable })
assert(select(2, outer(7)) == outer and select(3, outer(7)) == 7, "a callable that is called by way of another")

-- Arguments are evaluated from left to right in practice of this implementation; results of each call are its own.
local order = {}
local function mark(x) order[#order + 1] = x return x end
local _ = mark(1) + mark(2) * mark(3), count(mark(4), mark(5)), { mark(6), x = mark(7) }
assert(table.concat(order) == "1234567")

-- Proper tail calls: no depth, whatever the number, also in methods and between functions.
local function down(n) if n == 0 then return "end" end return down(n - 1) end
assert(down(1000000) == "end")
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
assert(even(300001) == false)
function object:down(n) if n == 0 then return self.value end return self:down(n - 1) end
assert(object:down(300000) == 5)
assert(not pcall(function() local function f(n) return (f(n + 1)) end return f(0) end),
    "in parentheses it is no tail call")
assert(not pcall(function() local function f(n) return 1 + f(n + 1) end return f(0) end))

-- Recursion: a local function sees itself, a local variable with a function does not.
local function factorial(n) return n < 2 and 1 or n * factorial(n - 1) end
assert(factorial(20) == 2432902008176640000)
local f = function() return f end
assert(f() == nil)
