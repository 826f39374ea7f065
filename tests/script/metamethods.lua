-- Goal: every metamethod of the manual: when it is called, with which operands, and what becomes of its results.

local function name_of(value) return type(value) == "table" and (rawget(value, "name") or "table")
    or tostring(value) end
local seen
local function recorder(event) return function(a, b,
    ...) seen = event .. "(" .. name_of(a) .. "," .. name_of(b) .. ")" return seen, "dropped" end end
local meta, other_meta = {}, {}
for _, event in ipairs{ "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr",
    "bnot", "concat", "len" } do
    meta["__" .. event] = recorder(event)
    other_meta["__" .. event] = recorder("other " .. event)
end
local a, b, o = setmetatable({ name = "a" }, meta), setmetatable({ name = "b" }, meta),
    setmetatable({ name = "o" }, other_meta)

-- Operators: operands in their order; the left one's metamethod first; one result.
assert(a + b == "add(a,b)" and a - 1 == "sub(a,1)" and 1 * a == "mul(1,a)" and a / "x" == "div(a,x)"
    and 1.5 % a == "mod(1.5,a)" and a ^ nil == "pow(a,nil)")
assert(a // b == "idiv(a,b)" and a & 1 == "band(a,1)" and 1 | a == "bor(1,a)" and a ~ b == "bxor(a,b)"
    and a << 1 == "shl(a,1)" and "s" >> a == "shr(s,a)")
assert(-a == "unm(a,a)" and ~a == "bnot(a,a)" and #a == "len(a,a)" or #a == "len(a,nil)")
assert(a .. b == "concat(a,b)" and a .. "x" == "concat(a,x)" and 1 .. a == "concat(1,a)" and a .. nil == "concat(a,nil)"
    and {} .. a == "concat(table,a)")
assert(a + o == "add(a,o)" and o + a == "other add(o,a)" and {} + o == "other add(table,o)"
    and select("#", a + b, (a + b)) == 2)
assert("x" .. "y" .. a == "xconcat(y,a)" and a .. "x" .. "y" == "concat(a,xy)" and 1 + a .. "" == "add(1,a)")
for _, plain in ipairs{ {}, true } do
    assert(not pcall(function() return plain + 1 end) and not pcall(function() return 1 .. plain end)
        and not pcall(function() return plain & 1 end))
    assert(not pcall(function() return -plain end) and not pcall(function() return ~plain end))
end
assert(not pcall(function() return #5 end) and #{ 1, 2 } == 2)
assert(not pcall(function() return setmetatable({}, { __add = 5 }) + 1 end),
    "a metamethod is a function or can be called")
assert(setmetatable({}, { __add = setmetatable({}, { __call = function(_, x, y) return y end }) }) + 7 == 7)

-- __eq: only for two tables that are not the same; the result is a boolean.
local equal = {}
equal.__eq = function(x, y) seen = "eq" return 1 end
local e, f = setmetatable({}, equal), setmetatable({}, equal)
seen = nil
assert((e == f) == true and seen == "eq" and (e ~= f) == false)
seen = nil
assert(e == e and seen == nil and e ~= 5 and 5 ~= e and e ~= "x" and e ~= nil and seen == nil)
assert(e == setmetatable({}, {}) and setmetatable({}, {}) == e and seen == "eq" and not rawequal(e, f))
equal.__eq = function() return nil end
assert((e == f) == false and (e ~= f) == true)

-- __lt and __le: also for mixed types, the result is a boolean; > and >= turn the operands around. No __le from __lt.
local ordered = { __lt = function(x, y) seen = "lt(" .. name_of(x) .. "," .. name_of(y) .. ")" return 1 end,
                  __le = function(x, y) seen = "le(" .. name_of(x) .. "," .. name_of(y) .. ")" return nil end }
local p, q = setmetatable({ name = "p" }, ordered), setmetatable({ name = "q" }, ordered)
assert((p < q) == true and seen == "lt(p,q)" and (p > q) == true and seen == "lt(q,p)" and (p <= q) == false
    and seen == "le(p,q)" and (p >= q) == false and seen == "le(q,p)")
assert((p < 1) == true and seen == "lt(p,1)" and (1 < p) == true and seen == "lt(1,p)" and ("s" > p) == true
    and seen == "lt(p,s)" and (p <= 1) == false)
local only_lt = setmetatable({}, { __lt = function() return true end })
assert(only_lt < 1 and not pcall(function() return setmetatable({}, {}) < 1 end))

-- __index: a table or a function, only for keys that are absent, in a chain; with any value that has it.
local log = {}
local base = setmetatable({ x = 1, shared = "base" },
    { __index = function(t, k) log[#log + 1] = k return k .. "?" end })
local derived = setmetatable({ x = 2, no = false }, { __index = base })
assert(derived.x == 2 and derived.shared == "base" and derived.missing == "missing?" and derived.no == false
    and table.concat(log) == "missing")
assert(rawget(derived, "shared") == nil and derived[1] == "1?" and ("x").y == nil and ("abc").len == string.len)
assert(setmetatable({}, { __index = function(t, k) return 1, 2 end }).x == 1
    and select("#", setmetatable({}, { __index = function() end }).x) == 1)
assert(setmetatable({}, { __index = "text" }).upper == string.upper
    and not pcall(function() return setmetatable({}, { __index = 5 }).x end))
local loop = {}
setmetatable(loop, { __index = loop })
assert(not pcall(function() return loop.x end), "a chain that goes round is an error")

-- __newindex: only for keys that are absent; a table gets the assignment, a function is called.
local store, written = {}, {}
local guarded = setmetatable({ present = 1 }, { __newindex = store })
guarded.new, guarded.present = 5, 2
assert(rawget(guarded, "new") == nil and store.new == 5 and guarded.present == 2)
guarded.present = nil
guarded.present = 3
assert(rawget(guarded, "present") == nil and store.present == 3)
local logged = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, v * 2) written[#written + 1] = k end })
logged.a, logged.b = 1, 2
logged.a = 5
assert(logged.a == 5 and logged.b == 4 and #written == 2 and rawset(guarded, "raw", 1) == guarded
    and rawget(guarded, "raw") == 1)
assert(not pcall(function() setmetatable({}, { __newindex = 5 }).x = 1 end))

-- __call: gets the callee first, any number of arguments and results.
local callee = setmetatable({}, { __call = function(self, ...) return self, select("#", ...), ... end })
assert(callee() == callee and select(2, callee(1, nil, nil)) == 3 and select("#", callee(1, 2)) == 4 and pcall(callee)
    and not pcall(function() setmetatable({}, { __call = 5 })() end))

-- __len, and what goes by it.
local sized = setmetatable({ 1, 2, 3 }, { __len = function() return 2 end })
assert(#sized == 2 and rawlen(sized) == 3 and table.concat(sized, ",") == "1,2"
    and select("#", table.unpack(sized)) == 2)

-- __tostring, __name, __metatable, __pairs, __close.
assert(tostring(setmetatable({}, { __tostring = function() return "text" end })) == "text"
    and ("%s"):format(setmetatable({}, { __tostring = function() return "f" end })) == "f")
assert(getmetatable(setmetatable({}, { __metatable = "hidden" })) == "hidden"
    and not pcall(setmetatable, setmetatable({}, { __metatable = false }), {}))
local walked = {}
for k, v in pairs(setmetatable({ real = 1 }, { __pairs = function(t) return function(_, k) if not k then return "made",
    t end end, t, nil end })) do walked[k] = v end
assert(walked.made and not walked.real)
local closed
do local c <close> = setmetatable({}, { __close = function(value, e) closed = { value, e } end }) end
assert(#closed == 1)

-- Metamethods are looked up raw, and may yield or raise.
assert(not pcall(function() return setmetatable({},
    setmetatable({}, { __index = { __add = function() return 1 end } })) + 1 end))
local yielding = setmetatable({}, { __add = function() return coroutine.yield("add") end,
    __index = function() return coroutine.yield("index") end,
    __lt = function() return coroutine.yield("lt") end, __concat = function() return coroutine.yield("concat") end,
    __call = function() return coroutine.yield("call") end,
    __len = function() return coroutine.yield("len") end, __newindex = function() coroutine.yield("newindex") end,
    __eq = function() return coroutine.yield("eq") end })
local steps = coroutine.wrap(function()
    local r = { yielding + 1, yielding.x, yielding < 1, yielding .. "", yielding(), #yielding,
        yielding == setmetatable({}, {}) }
    yielding.y = 1
    return r
end)
for _, event in ipairs{ "add", "index", "lt", "concat", "call", "len", "eq" } do assert(steps(event) == event) end
assert(steps("eq") == "newindex")
local results = steps()
assert(results[1] == "index" and results[3] == true and results[7] == true)
