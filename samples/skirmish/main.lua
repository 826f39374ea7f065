-- Skirmish: two armies march through broken ground and fight for the hill between their camps.
--
-- config: units = soldiers of both armies together (2000). Inputs: see orders.lua.
local ground = require "ground"
local armies = require "armies"
local waves = require "waves"
local orders = require "orders"
require "soldiers"
require "shots"

-- A team's score grows while it has more soldiers on the hill.
singleton("match", { units = 0, west_score = 0, east_score = 0 })

local HILL_RADIUS = 80.0

function on_start(config)
    local units = config.units or 2000
    engine.set("match", "units", units)
    ground.scatter_rocks()
    for team = 1, 2 do
        local army = armies.raise(team, units)
        waves.muster_at_once(army, units // 2)
        ground.plan_route(team, armies.goal(army))
    end
end

function on_input(source, input)
    orders.give(source, input)
end

local function report()
    local parts = {}
    for army in engine.each("army") do
        local name, living, losses, reserves = engine.get(army, "name", "living", "losses", "reserves")
        parts[#parts + 1] = string.format("%s %d, %d fell, %d more", name, living, losses, reserves)
    end
    local west, east = engine.get("match", "west_score", "east_score")
    engine.log("info", string.format("%s; hill %d to %d", table.concat(parts, "; "), west, east))
end

function on_frame(frame)
    for _, soldier in ipairs(armies.soldier) do
        engine.submit_each("act", soldier)
        engine.submit_each("aim", soldier, { every = 8 })
    end
    engine.submit_each("fly", "shot", { batch = 32 })
    for army in engine.each("army") do
        armies.supply(army)
        if frame % 40 == 0 then waves.prepare(army) end
    end
    if frame % 15 == 0 then engine.submit("watch_hill") end
    if frame % 100 == 0 then report() end
end

local function count_on_hill(team)
    return #engine.near(armies.soldier[team], ground.width / 2, ground.height / 2, HILL_RADIUS)
end

function jobs.watch_hill()
    local west, east = count_on_hill(1), count_on_hill(2)
    if west > east then
        engine.add("match", "west_score", 1)
    elseif east > west then
        engine.add("match", "east_score", 1)
    end
end
