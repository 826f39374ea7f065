-- Each bit of what mathematical functions and `^` give for many arguments: the C library's own give other bits where a
-- processor has no fused multiply-add, about once in a thousand.
template("digest", { bits = 0 })

function on_start() for _ = 1, 40 do engine.spawn_entity("digest") end end

function on_frame() engine.submit_each("compute", "digest") end

local functions = { math.sin, math.cos, math.tan, math.exp, math.log }
local inverse = { math.asin, math.acos, math.atan }

function jobs.compute(id)
    local bits = engine.get(id, "bits")
    local function take(number) bits = bits * 31 ~ string.unpack("<i8", string.pack("<d", number)) end
    for _ = 1, 100 do
        local x, y = math.random() * 20.0, math.random() * 4.0 - 2.0
        for _, compute in ipairs(functions) do take(compute(x)) end
        for _, compute in ipairs(inverse) do take(compute(y / 2.0)) end
        take(x ^ y)
        take(math.atan(y, x))
    end
    engine.set(id, "bits", bits)
end
