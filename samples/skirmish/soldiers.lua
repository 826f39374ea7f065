-- Soldiers: each looks for a target now and then, and acts in every frame.
local armies = require "armies"
local weapons = require "weapons"
local ground = require "ground"
local shots = require "shots"

for _, name in ipairs(armies.soldier) do
    template(name, {
        x = 0.0,
        y = 0.0,
        army = entity,
        team = 0,
        kind = "rifle",
        hp = 100,
        rounds = 0,
        ready = 0,  -- the frame from which it may act again
        target = entity,
    }, { grid = { "x", "y", cell = 20 } })
end

local function nearest_enemy(x, y, team, radius)
    local best, best_distance
    for _, other in ipairs(engine.near(armies.enemy[team], x, y, radius)) do
        local other_x, other_y = engine.get(other, "x", "y")
        local distance = (other_x - x) ^ 2 + (other_y - y) ^ 2
        if not best or distance < best_distance then best, best_distance = other, distance end
    end
    return best
end

-- In the thick of the fight the next enemy is close, so most searches end with the small circle.
function jobs.aim(id)
    local x, y, team, kind, target = engine.get(id, "x", "y", "team", "kind", "target")
    local sight = weapons[kind].sight
    local found = nearest_enemy(x, y, team, sight / 4) or nearest_enemy(x, y, team, sight)
    if found ~= target then engine.set(id, "target", found) end
end

local function fall(id, army)
    engine.destroy(id)
    engine.add(army, "living", -1)
    engine.add(army, "losses", 1)
end

local function walk(id, x, y, step_x, step_y)
    local next_x, next_y = ground.clamp(x + step_x, y + step_y)
    if ground.is_rock(next_x, next_y) and not ground.is_rock(x, y) then
        next_x = x  -- along the rock
        if ground.is_rock(next_x, next_y) then return end
    end
    if next_x ~= x then engine.set(id, "x", next_x) end
    if next_y ~= y then engine.set(id, "y", next_y) end
end

-- Towards the target if there is one, else with the flow; never quite straight.
local function march(id, x, y, team, pace, target_x, target_y)
    local step_x, step_y
    if target_x then
        local dx, dy = target_x - x, target_y - y
        local distance = math.max(1.0, math.sqrt(dx * dx + dy * dy))
        step_x, step_y = dx / distance, dy / distance
    else
        step_x, step_y = ground.direction(team, x, y)
    end
    walk(id, x, y, step_x * pace + (math.random() - 0.5) * 1.4, step_y * pace + (math.random() - 0.5) * 1.4)
end

-- The quartermaster answers at the commit, and the job goes on here in the next round of the same frame. Who gets nothing
-- draws the blade.
local function fetch_rounds(id, army, weapon)
    local granted = engine.call("draw_ammunition", { army = army, rounds = weapon.rounds })
    engine.set(id, "rounds", granted)
    if granted == 0 then engine.set(id, "kind", "blade") end
end

local function strike(id, x, y, team, weapon, target, target_x, target_y)
    if weapon.speed then
        shots.fire(x, y, target_x, target_y, team, weapon)
        engine.add(id, "rounds", -1)
    elseif weapon.flight then
        shots.lob(target_x, target_y, weapon)
        engine.add(id, "rounds", -1)
    else
        engine.add(target, "hp", -weapon.damage, { min = 0 })
    end
end

function jobs.act(id)
    local hp, ready = engine.get(id, "hp", "ready")
    if hp == 0 then return fall(id, engine.get(id, "army")) end
    local frame = engine.frame()
    if frame < ready then return end
    local x, y, team, kind, target, rounds = engine.get(id, "x", "y", "team", "kind", "target", "rounds")
    local weapon = weapons[kind]
    local target_x, target_y
    if target then target_x, target_y = engine.get(target, "x", "y") end
    local in_range = target_x and (target_x - x) ^ 2 + (target_y - y) ^ 2 <= weapon.range ^ 2
    if not in_range then return march(id, x, y, team, weapon.pace, target_x, target_y) end
    engine.set(id, "ready", frame + weapon.reload)
    if weapon.rounds and rounds == 0 then
        fetch_rounds(id, engine.get(id, "army"), weapon)
    else
        strike(id, x, y, team, weapon, target, target_x, target_y)
    end
end
