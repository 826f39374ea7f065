local rules = require "rules"
template("unit", { x = 0.0, y = 0.0, hp = 9, memory = any })
singleton("match", { wave = 0, log = any })
function on_start(config)
    for i = 1, config.units do engine.spawn_entity("unit", { x = i * 1.5 }) end
end
function on_frame(frame)
    engine.submit_each("think", "unit")
    engine.submit("plan", { frame }, { deliver = 2 })
    if frame == 2 then engine.submit("late", "x", { delay = 2 }) end
end
function on_input(source, data) engine.put("match", "log", data[2], source) end
function jobs.think(id)
    engine.add(id, "hp", rules.damage(engine.get(id, "hp")))
    engine.put(id, "memory", "rank", engine.call("rank", id))
end
function jobs.plan(order) engine.post_to_main_thread("rank", order[1]) end
function jobs.late(text) error(text) end
function actions.rank(id) engine.add("match", "wave", id) return { id } end
--- rules
local rules = {}
function rules.damage(hp) return -math.random(1, hp) end
return rules
