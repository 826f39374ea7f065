-- Goal: the operations whose result IEEE 754 prescribes to the last bit (+ - * / % // sqrt floor ceil fmod and x^2) give
-- it. Method: the bits of 20,000 results, of operands of all magnitudes, are mixed into one number, which is known.

local state = 88172645463325252
local function draw()  -- xorshift
    state = state ~ state << 13
    state = state ~ state >> 7
    state = state ~ state << 17
    return state
end
local function bits(x) return x ~= x and 0x7ff8 or (string.unpack("<i8", string.pack("<d", x))) end
local function number(from) return (string.unpack("<d", string.pack("<i8", from))) end
local mixed = 0
local function mix(x) mixed = (mixed ~ bits(x)) * 0x100000001b3 + (mixed >> 29) end

for _ = 1, 2000 do
    local a, b = number(draw()), number(draw())
    if a ~= a then a = 1.5 end
    if b ~= b then b = 0x1p-1074 end
    local near = a * (1.0 + (draw() & 0xffff) / 0x1p20)
    mix(a + near) mix(a - near) mix(a * b) mix(a / b) mix(near / a) mix(a % b) mix(near % a) mix(a // b)
    mix(math.sqrt(math.abs(a))) mix(math.fmod(a, b)) mix(a ^ 2) mix((a / 3) * 3 - a)
    local small = a % 1e6
    mix(math.floor(small) + 0.0) mix(math.ceil(small / 7) + 0.0)
end
assert(mixed == -7505284123969570483, mixed)
-- A product and a sum are rounded one by one, never once together.
local x = 1 + 0x1p-30
assert(x * x - (1 + 0x1p-29) == 0.0 and number(bits(x)) * x + -(1 + 0x1p-29) == 0.0)
