-- Shots: bullets are entities that fly and hit; shells are entities that lie in wait for a delayed job, their burst.
local armies = require "armies"
local ground = require "ground"
local shots = {}

template("shot", { x = 0.0, y = 0.0, vx = 0.0, vy = 0.0, team = 0, damage = 0, frames_left = 0 })
template("shell", { x = 0.0, y = 0.0 })

local BODY = 1.2  -- half a soldier's width
local BURST_RADIUS = 9.0

function shots.fire(x, y, target_x, target_y, team, weapon)
    local angle = math.atan(target_y - y, target_x - x) + (math.random() - 0.5) * 2.0 * weapon.spread
    engine.spawn_entity("shot", {
        x = x, y = y, team = team, damage = weapon.damage,
        vx = math.cos(angle) * weapon.speed, vy = math.sin(angle) * weapon.speed,
        frames_left = math.ceil(weapon.range * 1.3 / weapon.speed),
    })
end

function shots.lob(x, y, weapon)
    x, y = ground.clamp(x + (math.random() - 0.5) * 2.0 * weapon.spread, y + (math.random() - 0.5) * 2.0 * weapon.spread)
    local shell = engine.spawn_entity("shell", { x = x, y = y })
    engine.submit("burst", { shell = shell, damage = weapon.damage }, { delay = weapon.flight })
end

function jobs.burst(hit)
    local x, y = engine.get(hit.shell, "x", "y")
    engine.destroy(hit.shell)
    for _, army in ipairs(armies.soldier) do
        for _, soldier in ipairs(engine.near(army, x, y, BURST_RADIUS)) do
            engine.add(soldier, "hp", -hit.damage, { min = 0 })
        end
    end
    if ground.is_rock(x, y) then engine.post_to_main_thread("breach", { x = x, y = y }) end
end

-- The first enemy that the way from x, y by vx, vy touches.
local function first_hit(x, y, vx, vy, team)
    local length_squared = vx * vx + vy * vy
    local reach = math.sqrt(length_squared) / 2 + BODY
    local best, best_part
    for _, soldier in ipairs(engine.near(armies.enemy[team], x + vx / 2, y + vy / 2, reach)) do
        local soldier_x, soldier_y = engine.get(soldier, "x", "y")
        local part = ((soldier_x - x) * vx + (soldier_y - y) * vy) / length_squared
        local dx, dy = x + vx * part - soldier_x, y + vy * part - soldier_y
        local touched = part >= 0 and part <= 1 and dx * dx + dy * dy <= BODY * BODY
        if touched and (not best or part < best_part) then best, best_part = soldier, part end
    end
    return best
end

local function fly(id)
    local x, y, vx, vy, team, damage, frames_left = engine.get(id, "x", "y", "vx", "vy", "team", "damage", "frames_left")
    local hit = first_hit(x, y, vx, vy, team)
    if hit then engine.add(hit, "hp", -damage, { min = 0 }) end
    x, y = x + vx, y + vy
    local stopped = hit or frames_left == 0 or not ground.contains(x, y) or ground.is_rock(x, y)
    if stopped then return engine.destroy(id) end
    engine.set(id, "x", x)
    engine.set(id, "y", y)
    engine.set(id, "frames_left", frames_left - 1)
end

function jobs.fly(ids)
    for _, id in ipairs(ids) do fly(id) end
end

return shots
