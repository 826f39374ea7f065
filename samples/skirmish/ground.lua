-- Ground: rocks and walls on a grid of cells, and for each army a flow field: in which direction a soldier in a cell walks to
-- reach the army's goal around the rocks. Flow fields are worked out by background jobs and delivered some frames later.
local ground = { width = 640.0, height = 640.0 }

local CELL = 16.0
local COLUMNS, ROWS = 40, 40
local CELLS = COLUMNS * ROWS
local PLANNING_FRAMES = 6

-- Direction 0 is "stay"; 1 to 8 go round from east.
local DIAGONAL = 0.7071067811865476
local STEP_X = { 1.0, DIAGONAL, 0.0, -DIAGONAL, -1.0, -DIAGONAL, 0.0, DIAGONAL }
local STEP_Y = { 0.0, DIAGONAL, 1.0, DIAGONAL, 0.0, -DIAGONAL, -1.0, -DIAGONAL }
local COLUMN_OF = { 1, 1, 0, -1, -1, -1, 0, 1 }
local ROW_OF = { 0, 1, 1, 1, 0, -1, -1, -1 }
local FLOW = { "flow_west", "flow_east" }

singleton("ground", {
    rock = array(false, CELLS),
    flow_west = array(0, CELLS),
    flow_east = array(0, CELLS),
})

-- Of a place on the map.
local function cell_of(x, y)
    return math.floor(y / CELL) * COLUMNS + math.floor(x / CELL) + 1
end

function ground.is_rock(x, y)
    return engine.at("ground", "rock", cell_of(x, y))
end

function ground.contains(x, y)
    return x >= 0 and x < ground.width and y >= 0 and y < ground.height
end

function ground.clamp(x, y)
    return math.max(0.0, math.min(ground.width - 0.5, x)), math.max(0.0, math.min(ground.height - 0.5, y))
end

-- The unit step that leads a team's soldier on; 0, 0 at the goal.
function ground.direction(team, x, y)
    local direction = engine.at("ground", FLOW[team], cell_of(x, y))
    if direction == 0 then return 0.0, 0.0 end
    return STEP_X[direction], STEP_Y[direction]
end

function ground.scatter_rocks()
    for _ = 1, 40 do
        local column, row = math.random(9, COLUMNS - 10), math.random(0, ROWS - 1)
        for _ = 1, math.random(2, 5) do
            engine.put("ground", "rock", row * COLUMNS + column + 1, true)
            row = math.max(0, math.min(ROWS - 1, row + math.random(-1, 1)))
        end
    end
end

-- From here on the route is a matter of arguments: a background job sees no world.
function ground.plan_route(team, x, y)
    local rock = engine.get("ground", "rock")
    engine.submit("plan_route", { team = team, goal = cell_of(x, y), rock = rock }, { deliver = PLANNING_FRAMES })
end

function ground.plan_routes()
    for army in engine.each("army") do
        local team, x, y = engine.get(army, "team", "goal_x", "goal_y")
        ground.plan_route(team, x, y)
    end
end

-- The cell beside `cell` in a direction, or nil beyond the edge.
local function neighbour(cell, direction)
    local column = (cell - 1) % COLUMNS + COLUMN_OF[direction]
    local row = (cell - 1) // COLUMNS + ROW_OF[direction]
    if column < 0 or column >= COLUMNS or row < 0 or row >= ROWS then return nil end
    return row * COLUMNS + column + 1
end

-- Steps to the goal, by breadth-first search over the four straight directions. Rocks count too, as far away, so that who
-- stands where a wall goes up finds a way out of it.
local function distances(goal, rock)
    local distance, queue, head = { [goal] = 0 }, { goal }, 1
    local behind = {}
    while head <= #queue or #behind > 0 do
        if head > #queue then queue, behind, head = behind, {}, 1 end
        local cell = queue[head]
        head = head + 1
        for direction = 1, 7, 2 do
            local next_cell = neighbour(cell, direction)
            if next_cell and not distance[next_cell] then
                distance[next_cell] = distance[cell] + (rock[next_cell] and 1000 or 1)
                local list = rock[next_cell] and behind or queue
                list[#list + 1] = next_cell
            end
        end
    end
    return distance
end

function jobs.plan_route(plan)
    local distance = distances(plan.goal, plan.rock)
    local flow = {}
    for cell = 1, CELLS do
        local best, nearest = 0, distance[cell]
        for direction = 1, 8 do
            local next_cell = neighbour(cell, direction)
            local reach = next_cell and distance[next_cell]
            if reach and direction % 2 == 0 then  -- no cutting of corners
                local left, right = neighbour(cell, direction - 1), neighbour(cell, direction % 8 + 1)
                if plan.rock[left] or plan.rock[right] then reach = nil end
            end
            if reach and reach < nearest then best, nearest = direction, reach end
        end
        flow[cell] = best
    end
    engine.set("ground", FLOW[plan.team], flow)
end

-- Walls: player's orders raise them, shells breach them. Handlers, since two shells may meet one wall in one frame.
function ground.raise_wall(x, y, length)
    for i = 0, length - 1 do
        engine.put("ground", "rock", cell_of(ground.clamp(x, y + i * CELL)), true)
    end
    ground.plan_routes()
end

function actions.breach(place)
    if not ground.is_rock(place.x, place.y) then return end
    engine.put("ground", "rock", cell_of(place.x, place.y), false)
    ground.plan_routes()
end

return ground
