-- Module: inifile
-- Package: lua-inifile
-- Outcome: runs
local inifile = require "inifile"

return function(check, number)
    local text = "; made by hand\n[soldier]\nhp=100\nspeed=2.5\nname=Ann\nbrave=true\n[map]\nwidth=" .. number .. "\n"
    local settings = inifile.parse(text, "memory")
    check.equal(settings, { soldier = { hp = 100, speed = 2.5, name = "Ann", brave = true }, map = { width = number } })
    settings.soldier.hp = 90
    settings.map.width = nil
    settings.map.height = 7
    local saved = inifile.save("memory", settings, "memory")
    check.equal(inifile.parse(saved, "memory"),
        { soldier = { hp = 90, speed = 2.5, name = "Ann", brave = true }, map = { height = 7 } })
    check.equal(saved:match("hp=%d+"), "hp=90")
    check.equal(saved:match("^; made by hand\n") ~= nil, true)
    check.equal(saved:find("[soldier]", 1, true) < saved:find("[map]", 1, true), true)
    check.fails("engine error", inifile.parse, "settings.ini")  -- which reads a file
    return saved
end
