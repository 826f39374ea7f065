-- Goal: what the manual leaves open, the order in which the parts of an expression or an assignment are evaluated, is as
-- it has been in all releases from 5.4.2 on: from left to right, but for what follows.

local log = {}
local function f(n) log[#log + 1] = tostring(n) return n end
local function take() local text = table.concat(log, " ") log = {} return text end

-- Operands, arguments, constructors: from left to right.
local _ = f(1) + f(2) * f(3) - f(4)
assert(take() == "1 2 3 4")
_ = f(1) < f(2) _ = f(1) > f(2) _ = f(1) <= f(2) _ = f(1) >= f(2) _ = f(1) == f(2) _ = f(1) ~= f(2)
assert(take() == "1 2 1 2 1 2 1 2 1 2 1 2")
_ = f(1) .. f(2) .. f(3) .. f(4)
assert(take() == "1 2 3 4")
_ = f(2) ^ f(3) ^ f(1) _ = f(1) | f(2) & f(3) << f(4)
assert(take() == "2 3 1 1 2 3 4")
_ = { f(1), [f(2)] = f(3), x = f(4), f(5), f(6) }
assert(take() == "1 2 3 4 5 6")
local object = setmetatable({}, { __index = function(_, k) f(k) return function(_, ...) return f("called") end end })
_ = object:method(f(1), f(2))
_ = object[f(3)](f(4))
assert(take() == "method 1 2 called 3 3 4 called")

-- Assignments: tables, keys and values from left to right, then the last is stored first.
local function storing(name) return setmetatable({}, { __newindex = function(_, k, v) f(name .. k .. "=" .. v) end }) end
local a, b, c = storing("a"), storing("b"), storing("c")
a[f(1)], b[f(2)], c[f(3)] = f(4), f(5), f(6)
assert(take() == "1 2 3 4 5 6 c3=6 b2=5 a1=4")
local i, list = 1, {}
i, list[i] = i + 1, 20
assert(i == 2 and list[1] == 20 and list[2] == nil)
-- A variable in a place in front of it is stored to before the place is.
i, list = 1, {}
list[i], i = 20, i + 1
assert(i == 2 and list[1] == 20 and list[2] == nil)
local first = list
list[1], list = 30, {}
assert(first[1] == 30 and list[1] == nil)
local function through_upvalues() first[1], first = 40, nil end
list = first
through_upvalues()
assert(list[1] == 40 and first == nil)
local t = {}
t.x, t.x, t.x = 1, 2, 3
assert(t.x == 1)
do
    local x = { 1 }
    local y = x
    x, x[1] = nil, 2
    assert(x == nil and y[1] == 2)
end

-- A local variable is read when the operator is applied; a global one, a field or an argument at its place.
local n = 1
local function increase() n = n + 1 return 0 end
local sum = n + increase()
assert(sum == 2)
n = 1
sum = increase() + n
assert(sum == 2)
n = 1
local pair = { n, increase(), n }
assert(pair[1] == 1 and pair[3] == 2)
n = 1
assert(select(1, n, increase()) == 1)
local env = { n = 1 }
local function increase_field() env.n = env.n + 1 return 0 end
assert(env.n + increase_field() == 1 and increase_field() + env.n == 3)
n = 1
local joined = n .. increase() .. n
assert(joined == "102")

-- Metamethods: of comparisons the operands are exchanged, of concatenations the last comes first.
local meta = {}
local function named(name) return setmetatable({ name = name }, meta) end
local function text(v) return type(v) == "table" and v.name or tostring(v) end
for _, event in ipairs{ "__add", "__lt", "__le", "__concat", "__band", "__shl", "__mod" } do
    meta[event] = function(x, y) f(event .. ":" .. text(x) .. "," .. text(y)) return named("r") end
end
local p, q = named("p"), named("q")
_ = p + 1 _ = 1 + p _ = p + q _ = 2 & p _ = p & 2 _ = 1 << p _ = p << 1 _ = 1 % p
assert(take() == "__add:p,1 __add:1,p __add:p,q __band:2,p __band:p,2 __shl:1,p __shl:p,1 __mod:1,p")
_ = p < q _ = p > q _ = p <= q _ = p >= q _ = p < 1 _ = p > 1 _ = 1 < p _ = 1 >= p
assert(take() == "__lt:p,q __lt:q,p __le:p,q __le:q,p __lt:p,1 __lt:1,p __lt:1,p __le:p,1")
_ = "a" .. p .. "b" .. "c" .. q
assert(take() == "__concat:c,q __concat:b,r __concat:p,r __concat:a,r")

-- Loops and declarations: all expressions first, in order; variables to close in reverse.
for k = f(1), f(2), f(3) do f("body") end
assert(take() == "1 2 3 body")
do
    local closing = function(name) f(name) return setmetatable({}, { __close = function() f("close " .. name) end }) end
    local x <close> = closing("x")
    local y <close> = closing("y")
end
assert(take() == "x y close y close x")
