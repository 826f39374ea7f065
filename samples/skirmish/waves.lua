-- Waves: reinforcements. A background job draws up the ranks of a wave while the battle goes on; when it is delivered, the
-- army musters as many of them as it then may.
local armies = require "armies"
local weapons = require "weapons"
local ground = require "ground"
local waves = {}

local LARGEST_WAVE = 160
local PLANNING_FRAMES = 10

local function draw_kind()
    local roll = math.random(100)
    if roll <= 4 then return "mortar" end
    if roll <= 30 then return "blade" end
    return "rifle"
end

-- Ranks of soldiers beside the camp.
local function draw_up(camp_x, count)
    local ranks = {}
    for i = 1, count do
        ranks[i] = {
            kind = draw_kind(),
            x = camp_x + (math.random() - 0.5) * 90.0,
            y = ground.height * (i - 0.5) / count,
        }
    end
    return ranks
end

local function muster(army, ranks)
    local team, living, reserves = engine.get(army, "team", "living", "reserves")
    local vacant = engine.get("match", "units") // 2 - living
    local count = math.max(0, math.min(#ranks, vacant, reserves))
    for i = 1, count do
        local weapon = weapons[ranks[i].kind]
        engine.spawn_entity(armies.soldier[team], {
            army = army, team = team, kind = ranks[i].kind, x = ranks[i].x, y = ranks[i].y,
            hp = weapon.hp, rounds = weapon.rounds or 0,
        })
    end
    engine.add(army, "living", count)
    engine.add(army, "reserves", -count)
end

function waves.muster_at_once(army, count)
    muster(army, draw_up(engine.get(army, "camp_x"), count))
end

function waves.prepare(army)
    local camp_x, wave = engine.get(army, "camp_x", "waves")
    engine.add(army, "waves", 1)
    engine.submit("plan_wave", { army = army, camp_x = camp_x, count = LARGEST_WAVE },
                  { deliver = PLANNING_FRAMES, key = "wave " .. wave .. " of " .. army })
end

function jobs.plan_wave(plan)
    engine.post_to_main_thread("wave_is_ready", { army = plan.army, ranks = draw_up(plan.camp_x, plan.count) })
end

function actions.wave_is_ready(wave)
    muster(wave.army, wave.ranks)
end

return waves
