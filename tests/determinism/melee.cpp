#include "determinism/melee.hpp"

namespace canon::test {
namespace {

const char* const kMelee = R"lua(
local rules = require "rules"

template("unit", { x = 0.0, y = 0.0, hp = 100, team = 0, target = entity, name = "", memory = any, seen = array(0, 8),
                   alert = false }, { grid = { "x", "y", cell = 16 }, keys = { "team" } })
template("shot", { x = 0.0, y = 0.0, life = 3, owner = entity })
singleton("match", { wave = 0, struck = 0, deaths = 0, events = any, total = 0.0, field = array(0.0, 32), last = entity })

function on_start(config)
    for i = 1, config.units do
        engine.spawn_entity("unit", { x = math.random() * 60, y = math.random() * 60, team = i % 2, name = "unit " .. i })
    end
    engine.submit("reinforce", { size = 3 }, { delay = 4 })
end

function on_input(source, input)
    for _, id in ipairs(engine.where("unit", "team", input.team)) do
        if id % 3 == source % 3 then engine.add(id, "hp", input.hp, { max = 100 }) end
    end
    engine.add("match", "total", 0.1 * source + math.random())
    if input.wrong then error("an input that cannot be") end
end

function on_frame(frame)
    engine.submit_each("think", "unit")
    engine.submit_each("fly", "shot", { priority = 2 })
    engine.submit_each("patrol", "unit", { every = 4, batch = 5 })
    if frame % 3 == 0 then engine.submit("plan", { frame = frame, size = 50 }, { deliver = 2, key = "plan" }) end
    if frame % 5 == 0 then engine.submit("dream", frame, { deliver = "done" }) end
    if frame % 4 == 1 then engine.submit("clumsy", frame, { priority = 3 }) end
    if frame % 6 == 2 then engine.cancel(engine.submit("reinforce", { size = 9 }, { delay = 1 })) end
end

function on_commit(frame)
    engine.put("match", "field", frame % 32 + 1, engine.count("unit") + math.random())
end

function on_fault(fault)
    engine.add("match", "wave", 1)
end

function jobs.think(id)
    local x, y, hp, team = engine.get(id, "x", "y", "hp", "team")
    local best, distance = nil, math.huge
    for _, other in ipairs(engine.near("unit", x, y, 30.0)) do
        local ox, oy, oteam = engine.get(other, "x", "y", "team")
        if oteam ~= team then
            local d = rules.distance(x, y, ox, oy)
            if d < distance then best, distance = other, d end
        end
    end
    engine.set(id, "target", best)
    if best and distance < 9.0 then
        engine.add(best, "hp", -math.random(1, 9), { min = 0 })
        engine.post_to_main_thread("struck", { by = id, whom = best })
    elseif best and math.random() < 0.2 then
        engine.spawn_entity("shot", { x = x, y = y, owner = id })
    end
    engine.add(id, "x", math.sin(x + hp) * 2)
    engine.add(id, "y", math.cos(y - hp) * 2)
    engine.put(id, "seen", math.random(1, 8), best or 0)
    if math.random() < 0.15 then
        local rank = engine.call("rank", { id = id, hp = hp })
        engine.set(id, "memory", { rank = rank, at = engine.frame(), mood = { math.random(), "calm" } })
        if rank == 1 then engine.set(id, "alert", not engine.get(id, "alert")) end
    end
end

function jobs.fly(id)
    local life, owner = engine.get(id, "life", "owner")
    if life == 0 or not owner then
        engine.destroy(id)
    else
        engine.add(id, "life", -1)
        engine.add(id, "x", math.random(-3, 3))
        engine.log("debug", "shot " .. id .. " flies")
    end
end

function jobs.patrol(ids)
    local sum = 0
    for i, id in ipairs(ids) do
        sum = sum + i * id
        engine.add(id, "hp", 1, { max = 100 })
    end
    engine.add("match", "total", sum / 7)
end

function jobs.plan(order)
    local best = 0.0
    for i = 1, order.size do best = math.max(best, math.random() ^ 1.5) end
    engine.add("match", "total", best)
    engine.spawn_entity("unit", { x = best * 60, y = 30.0, team = order.frame % 2, name = "planned" })
    engine.post_to_main_thread("event", { "plan of", order.frame })
end

function jobs.dream(frame)
    engine.post_to_main_thread("event", { "dream of", frame, math.random(1, 100) })
end

function jobs.reinforce(order)
    for i = 1, order.size do
        engine.spawn_entity("unit", { x = math.random() * 60, y = math.random() * 60, team = i % 2, name = "late" })
    end
    engine.submit("reinforce", { size = order.size }, { delay = 5 })
end

function jobs.clumsy(frame)
    engine.add("match", "total", 1000000.0)
    local worker = coroutine.wrap(function()
        engine.call("rank", { id = 0, hp = 0 })
        coroutine.yield()
        error("clumsy in frame " .. frame)
    end)
    worker()
    engine.add("match", "total", 1.0)
    worker()
end

function actions.struck(blow)
    engine.add("match", "struck", 1)
    if engine.get(blow.whom, "hp") == 0 then
        engine.destroy(blow.whom)
        engine.add("match", "deaths", 1)
        engine.set("match", "last", blow.by)
        engine.post_to_main_thread("event", { "death", blow.whom, blow.by })
    end
end

function actions.rank(who)
    local better = 1
    for unit in engine.each("unit") do
        if engine.get(unit, "hp") > who.hp then better = better + 1 end
    end
    engine.add("match", "total", math.random())
    return better
end

function actions.event(what)
    local events = engine.get("match", "events") or {}
    events[#events + 1] = what
    if #events > 20 then table.remove(events, 1) end
    engine.set("match", "events", events)
    if what[1] == "death" and what[2] % 5 == 0 then error("no words for it") end
end
)lua";

const char* const kRules = R"lua(
local rules = {}
function rules.distance(ax, ay, bx, by) return ((ax - bx) ^ 2 + (ay - by) ^ 2) ^ 0.5 end
return rules
)lua";

}  // namespace

Scenario melee(std::uint64_t frames) {
    Scenario scenario;
    scenario.main = kMelee;
    scenario.frames = frames;
    scenario.seed = 42;
    scenario.config = Map{{"units", 30}};
    scenario.limits.done_delay = 3;
    scenario.modules = {{"rules", kRules}};
    scenario.inputs = [](std::uint64_t frame) {
        std::vector<Input> inputs;
        if (frame % 2 == 0) inputs.push_back({1, frame, Map{{"team", 0}, {"hp", 3}}});
        if (frame % 3 == 0) inputs.push_back({2, frame * 2, Map{{"team", 1}, {"hp", -4}}});
        if (frame % 3 == 0) inputs.push_back({0, frame, Map{{"team", 1}, {"hp", 1}}});
        if (frame % 7 == 0)
            inputs.push_back({2, frame * 2 + 1, Map{{"team", 0}, {"hp", -9}, {"wrong", true}}});
        return inputs;
    };
    return scenario;
}

}  // namespace canon::test
