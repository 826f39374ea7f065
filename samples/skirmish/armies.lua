-- Armies: camp, goal, reserves and the quartermaster's stock of ammunition.
local ground = require "ground"
local armies = {}

-- By team: the soldiers of each army are a template of their own, so that engine.near finds those of one army only.
armies.soldier = { "west_soldier", "east_soldier" }
armies.enemy = { "east_soldier", "west_soldier" }

template("army", {
    name = "",
    team = 0,
    camp_x = 0.0,
    camp_y = 0.0,
    goal_x = 0.0,
    goal_y = 0.0,
    ammunition = 0,
    living = 0,
    losses = 0,
    reserves = 0,
    waves = 0,
})

local NAMES = { "west", "east" }
local SUPPLY_PER_FRAME = 30

function armies.raise(team, units)
    return engine.spawn_entity("army", {
        name = NAMES[team],
        team = team,
        camp_x = team == 1 and 50.0 or ground.width - 50.0,
        camp_y = ground.height / 2,
        goal_x = ground.width / 2,
        goal_y = ground.height / 2,
        ammunition = units,
        reserves = units * 3,
    })
end

function armies.of_team(team)
    for army in engine.each("army") do
        if engine.get(army, "team") == team then return army end
    end
end

function armies.goal(army)
    return engine.get(army, "goal_x", "goal_y")
end

function armies.supply(army)
    engine.add(army, "ammunition", SUPPLY_PER_FRAME, { max = 5000 })
end

-- Answers a soldier's engine.call: first come, first served, in the order of the soldiers' stamps. A handler, because each
-- answer depends on what those before have left.
function actions.draw_ammunition(request)
    local stock = engine.get(request.army, "ammunition")
    local granted = math.min(stock, request.rounds)
    engine.add(request.army, "ammunition", -granted)
    return granted
end

return armies
