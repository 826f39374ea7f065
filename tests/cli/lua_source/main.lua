-- What no program should ask, since it differs between releases of Lua or could: here it shows that two compilers make the
-- same of one source. Borders of lists with holes, the depth at which recursion ends, and how much memory holds.
template("probe", { borders = 0, depth = 0, bytes = 0 })

function on_start()
    for i = 1, 24 do engine.spawn_entity("probe", { bytes = 1000 * i * i }) end
end

function on_frame() engine.submit_each("borders", "probe") engine.submit_each("depth", "probe") engine.submit_each("fill", "probe") end

function jobs.borders(id)
    local sum = 0
    for _ = 1, 40 do
        local list = {}
        for _ = 1, 60 do
            local key = math.random(1, 40)
            if math.random(1, 3) == 1 then list[key] = nil else list[key] = key end
            if math.random(1, 4) == 1 then list["name" .. key] = key end
            if math.random(1, 4) == 1 then list["name" .. key] = nil end
        end
        sum = sum * 31 + #list
    end
    engine.set(id, "borders", sum)
end

local function descend(n) return n > 0 and 1 + descend(n - 1) or 0 end
local function protected(n)
    local ok, depth = pcall(protected_again, n + 1)
    return ok and depth or n
end
protected_again = protected

function jobs.depth(id) engine.set(id, "depth", protected(0) + descend(100 * (id % 50))) end

-- The largest of these are past the memory that a job may have: which are is part of the history.
function jobs.fill(id)
    local list = {}
    for i = 1, engine.get(id, "bytes") do list[i] = { i } end
    engine.add(id, "bytes", #list)
end
