-- Goal: each function and constant of math: results, subtypes, edges, errors. The bits of rounded results are in
-- math.lua.

local max, min, huge, nan = math.maxinteger, math.mininteger, math.huge, 0 / 0
local function is(found, expected) return (found == expected or found ~= found and expected ~= expected)
    and math.type(found) == math.type(expected) end
local function near(found, expected) return math.abs(found - expected) <= 1e-15 * math.max(1, math.abs(expected)) end

assert(math.maxinteger == 0x7fffffffffffffff and math.mininteger == -0x7fffffffffffffff - 1 and math.huge == 1e999
    and near(math.pi, 3.141592653589793))

-- abs, ceil, floor, fmod, modf, tointeger, type, ult.
assert(is(math.abs(-3), 3) and is(math.abs(3), 3) and is(math.abs(-3.5), 3.5) and is(math.abs(min), min)
    and is(math.abs(-huge), huge) and is(math.abs(nan), nan))
assert(is(math.ceil(1.2), 2) and is(math.ceil(-1.2), -1) and is(math.ceil(3), 3) and is(math.ceil(1e300), 1e300)
    and is(math.ceil(huge), huge) and is(math.ceil(nan), nan) and is(math.ceil(-0.5), 0))
assert(is(math.floor(1.8), 1) and is(math.floor(-1.2), -2) and is(math.floor(max), max)
    and is(math.floor(-1e300), -1e300) and is(math.floor(2^62), 1 << 62) and is(math.floor(2^63), 2^63)
    and is(math.floor(-2^63), min))
assert(is(math.fmod(7, 3), 1) and is(math.fmod(-7, 3), -1) and is(math.fmod(7, -3), 1) and is(math.fmod(-7, -3), -1)
    and is(math.fmod(7.5, 2), 1.5) and is(math.fmod(-7.5, 2), -1.5) and is(math.fmod(5, huge), 5.0))
assert(is(math.fmod(min, -1), 0) and is(math.fmod(1, 0.0), nan) and is(math.fmod(huge, 1), nan)
    and is(math.fmod(6, 3.0), 0.0) and not pcall(math.fmod, 1, 0) and not pcall(math.fmod, 1)
    and is(math.fmod(min, min), 0) and is(math.fmod(max, min), max))
local function modf(x, whole, part) local w, p = math.modf(x) return w == whole and (p == part or p ~= p
    and part ~= part) and math.type(p) == "float" end
assert(modf(3.5, 3, 0.5) and modf(-3.5, -3, -0.5) and modf(5, 5, 0) and modf(huge, huge, 0) and modf(-huge, -huge, 0)
    and modf(0.25, 0, 0.25) and modf(1e300, 1e300, 0))
assert(is(math.tointeger(3.0), 3) and math.tointeger(3.5) == nil and is(math.tointeger(-2^63), min)
    and math.tointeger(2^63) == nil and math.tointeger(nan) == nil and math.tointeger("x") == nil
    and math.tointeger({}) == nil and is(math.tointeger(7), 7))
assert(math.type(1) == "integer" and math.type(1.0) == "float" and math.type("1") == nil and math.type(nil) == nil
    and math.type({}) == nil and not pcall(math.type))
assert(math.ult(1, 2) and not math.ult(2, 1) and math.ult(1, -1) and not math.ult(-1, 1) and not math.ult(5, 5)
    and math.ult(max, min) and math.ult(0, 1.0) and not pcall(math.ult, 1, 1.5) and not pcall(math.ult, 1))

-- max, min.
assert(is(math.max(1, 5, 3), 5) and is(math.max(1, 2.5), 2.5) and is(math.max(-huge, min), min) and is(math.max(7), 7)
    and is(math.max(1, 1.0), 1) and not pcall(math.max) and is(math.max(2^53, (1 << 53) + 1), (1 << 53) + 1))
assert(is(math.min(4, 2, 3), 2) and is(math.min(4, 1.5), 1.5) and is(math.min(huge, max), max)
    and is(math.min(2.0, 2), 2.0) and not pcall(math.min) and not pcall(math.min, 1, nil))

-- sqrt, exp, log, and the angles.
assert(is(math.sqrt(16), 4.0) and is(math.sqrt(0), 0.0) and is(math.sqrt(-1), nan) and is(math.sqrt(huge), huge)
    and near(math.sqrt(2) ^ 2, 2))
assert(is(math.exp(0), 1.0) and near(math.exp(1), 2.718281828459045) and is(math.exp(-huge), 0.0)
    and is(math.exp(1000), huge) and is(math.exp(nan), nan))
assert(is(math.log(1), 0.0) and is(math.log(0), -huge) and is(math.log(-1), nan) and is(math.log(huge), huge)
    and is(math.log(8, 2), 3.0) and is(math.log(1000, 10), 3.0) and near(math.log(81, 3), 4)
    and near(math.log(math.exp(1)), 1) and is(math.log(1, 5), 0.0))
for exponent = -1000, 1000, 50 do assert(math.log(2.0 ^ exponent, 2) == exponent) end
assert(is(math.sin(0), 0.0) and near(math.sin(math.pi / 2), 1) and near(math.sin(math.pi / 6), 0.5)
    and is(math.sin(huge), nan) and is(math.cos(0), 1.0) and near(math.cos(math.pi), -1)
    and near(math.cos(math.pi / 3), 0.5) and is(math.cos(-huge), nan))
assert(is(math.tan(0), 0.0) and near(math.tan(math.pi / 4), 1) and is(math.asin(0), 0.0)
    and near(math.asin(1), math.pi / 2) and is(math.asin(2), nan) and near(math.acos(0), math.pi / 2)
    and is(math.acos(1), 0.0) and is(math.acos(-1.5), nan))
assert(near(math.atan(1), math.pi / 4) and near(math.atan(1, 1), math.pi / 4)
    and near(math.atan(1, -1), 3 * math.pi / 4) and near(math.atan(-1, -1), -3 * math.pi / 4)
    and near(math.atan(-1, 1), -math.pi / 4) and near(math.atan(1, 0), math.pi / 2))
assert(is(math.atan(0, 1), 0.0) and near(math.atan(0, -1), math.pi) and near(math.atan(-0.0, -1), -math.pi)
    and near(math.atan(huge), math.pi / 2) and near(math.atan(huge, huge), math.pi / 4) and is(math.atan(0), 0.0)
    and is(math.atan(5, huge), 0.0))
assert(near(math.deg(math.pi), 180) and near(math.rad(180), math.pi) and is(math.deg(0), 0.0)
    and near(math.rad(math.deg(1)), 1))
for x = -10, 10 do assert(math.abs(math.sin(x) ^ 2 + math.cos(x) ^ 2 - 1) < 1e-15
    and math.abs(math.tan(x) - math.sin(x) / math.cos(x)) < 1e-13) end
for _, name in ipairs{ "abs", "ceil", "floor", "sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "deg",
    "rad", "modf" } do
    assert(not pcall(math[name]) and not pcall(math[name], {}) and not pcall(math[name], "x")
        and not pcall(math[name], nil), name)
end

-- random: intervals and arguments; every value of a small interval comes.
local seen = {}
for _ = 1, 500 do
    local x = math.random()
    assert(x >= 0 and x < 1 and math.type(x) == "float")
    seen[math.random(4)] = true
    seen[math.random(-2, -1)] = true
end
assert(#seen == 4 and seen[-1] and seen[-2] and seen[0] == nil and math.random(3, 3) == 3
    and math.type(math.random(0)) == "integer" and math.type(math.random(10)) == "integer")
assert(math.random(min, max) and math.random(max, max) == max and math.random(1) == 1 and not pcall(math.random, 0, -1)
    and not pcall(math.random, -5) and not pcall(math.random, 1, 2, 3) and not pcall(math.random, 1.5)
    and not pcall(math.random, "x"))
if engine then assert(not pcall(math.randomseed) and not pcall(math.randomseed, 1)) end
