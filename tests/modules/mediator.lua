-- Module: mediator
-- Package: lua-mediator
-- Outcome: runs with stand-ins
-- Lacks: addresses in the text of a table, from which it takes the ids of subscribers

local plain, made = tostring, 0
function tostring(value)
    if type(value) ~= "table" then return plain(value) end
    made = made + 1
    return ("table: 0x%x"):format(made)
end
local mediator = require "mediator"

return function(check, number)
    local hub, heard = mediator(), {}
    local function listen(name, continues)
        return function(what) heard[#heard + 1] = name .. what return name, continues end
    end
    local first = hub:subscribe({ "unit", "died" }, listen("first ", true))
    hub:subscribe({ "unit", "died" }, listen("second ", false))
    hub:subscribe({ "unit", "died" }, listen("third ", true))
    hub:subscribe({ "unit", "born" }, listen("born ", true), { predicate = function(what) return what > 2 end })
    check.equal(hub:publish({ "unit", "died" }, number), { "first ", "second " })
    check.equal(heard, { "first " .. number, "second " .. number })
    check.equal(hub:getSubscriber(first.id, { "unit", "died" }).value == first, true)
    hub:removeSubscriber(first.id, { "unit", "died" })
    check.equal(hub:publish({ "unit", "died" }, 0), { "second " })
    check.equal(hub:publish({ "unit", "born" }, 1), {})
    check.equal(hub:publish({ "unit", "born" }, 3), { "born " })
    return table.concat(heard, ",")
end
