-- Orders: what players may ask for. Player 1 leads the west, player 2 the east.
--
--   {"kind": "advance", "x": 700, "y": 100}    the army's new goal
--   {"kind": "bombard", "x": 500, "y": 300}    twelve shells around a place
--   {"kind": "wall", "x": 300, "y": 200, "length": 6}
local armies = require "armies"
local ground = require "ground"
local shots = require "shots"
local orders = {}

local BARRAGE = { damage = 60, flight = 40, spread = 45.0 }

local kinds = {}

function kinds.advance(army, order)
    local x, y = ground.clamp(order.x, order.y)
    engine.set(army, "goal_x", x)
    engine.set(army, "goal_y", y)
    ground.plan_route(engine.get(army, "team"), x, y)
end

function kinds.bombard(_, order)
    for _ = 1, 12 do shots.lob(order.x, order.y, BARRAGE) end
end

function kinds.wall(_, order)
    ground.raise_wall(order.x, order.y, math.min(math.tointeger(order.length) or 1, 10))
end

-- Players are not trusted: an order that makes no sense is told of and ignored.
function orders.give(player, order)
    local army = armies.of_team(player)
    local carry_out = type(order) == "table" and kinds[order.kind]
    if not army or not carry_out or type(order.x) ~= "number" or type(order.y) ~= "number" then
        engine.log("warning", "player " .. player .. " gave an order that nobody understands")
        return
    end
    carry_out(army, order)
end

return orders
