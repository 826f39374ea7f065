-- A view script: the editor of the program in samples/09_editor. It keeps what it likes in ordinary variables, follows the simulation by its
-- effects, and changes it by inputs alone.
local selected
local heights = setmetatable({}, { __mode = "k" })
local changes = 0

function on_start(config)
    print("the editor of " .. config.title .. ", " .. os.date("!%Y", 0))
end

function on_frame(frame)
    for kind, id, field, after, before in engine.effects("tree") do
        changes = changes + 1
        if id == selected and field == "height" then print(("tree %d grows from %d to %d"):format(id, before, after)) end
        if id == selected and kind == "destroy" then
            print(("tree %d is gone"):format(id))
            selected = nil
        end
    end
end

function click(x, y)
    selected = engine.near("tree", x, y, 5)[1]
    return selected and ("tree %d, %d high"):format(selected, engine.get(selected, "height")) or "nothing there"
end

function key(name)
    if name == "delete" and selected then engine.input({ kind = "fell", tree = selected }) end
    if name == "p" then engine.input({ kind = "plant", x = 50.0, y = 50.0 }) end
end

function status()
    return ("%d trees, %d changes seen"):format(engine.count("tree"), changes)
end
