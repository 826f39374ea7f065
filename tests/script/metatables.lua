-- Goal: metatables as in the manual, without finalizers and weak tables, whose moments differ between machines.

for _, field in ipairs{ "__gc", "__mode" } do
    for _, value in ipairs{ "k", "v", "kv", false, print } do
        local ok, message = pcall(setmetatable, {}, { [field] = value })
        assert(not ok and message:find(field .. " is refused", 1, true))
    end
    local later = {}
    setmetatable({}, later)
    later[field] = "k"
    assert(not pcall(setmetatable, {}, later))
end

local t, meta = {}, { __index = { x = 1 } }
assert(setmetatable(t, meta) == t and getmetatable(t) == meta and t.x == 1 and getmetatable(setmetatable(t, nil)) == nil)
assert(getmetatable(setmetatable({}, { __metatable = "locked" })) == "locked" and getmetatable(5) == nil and getmetatable(print) == nil)
for _, bad in ipairs{ { 5, {} }, { {}, 5 }, { {} }, { "s", {} }, { setmetatable({}, { __metatable = 1 }), {} } } do
    assert(not pcall(setmetatable, table.unpack(bad, 1, 2 - (#bad == 1 and 1 or 0))))
end

-- A sample of each metamethod.
local V = {}
V.__index = V
local function vector(x) return setmetatable({ x = x }, V) end
V.__add = function(a, b) return vector(a.x + b.x) end
V.__unm = function(a) return vector(-a.x) end
V.__eq = function(a, b) return a.x == b.x end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__len = function(a) return a.x end
V.__call = function(a, y) return a.x + y end
V.__concat = function(a, b) return "joined" end
V.__idiv, V.__band, V.__shl, V.__bnot = V.__add, V.__add, V.__add, V.__unm
local a, b = vector(1), vector(2)
assert((a + b).x == 3 and (-a).x == -1 and a ~= b and a == vector(1) and a < b and a <= b and #b == 2 and a(5) == 6 and a .. b == "joined")
assert((a // b).x == 3 and (a & b).x == 3 and (a << b).x == 3 and (~a).x == -1)
local log = {}
do
    local first <close> = setmetatable({}, { __close = function(_, e) log[#log + 1] = "first" assert(e == nil) end })
    local second <close> = setmetatable({}, { __close = function() log[#log + 1] = "second" end })
    local third <close>, fourth <const> = nil, 4
end
assert(table.concat(log, " ") == "second first")
