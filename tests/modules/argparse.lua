-- Module: argparse
-- Package: lua-argparse
-- Outcome: runs
local argparse = require "argparse"

return function(check, number)
    local parser = argparse("order", "Orders of a player."):add_help(false)
    parser:argument("unit", "Which unit."):convert(tonumber)
    parser:argument("targets"):args("*")
    parser:option("-s --speed", "How fast.", "5"):convert(tonumber)
    parser:option("--mode"):choices{ "hold", "march" }
    parser:flag("-v --verbose"):count("0-3"):target("level")
    local command = parser:command("fire")
    command:option("--rounds"):args("1-2"):count("*")
    parser:require_command(false)

    check.equal(parser:parse{ tostring(number) }, { unit = number, targets = {}, speed = 5, level = 0 })
    local result = parser:parse{ "7", "a", "b", "--mode=march", "-vvs3" }
    check.equal(result, { unit = 7, targets = { "a", "b" }, speed = 3, level = 2, mode = "march" })

    local ok, message = parser:pparse{ "7", "--mode", "flee" }
    check.equal(ok, false)
    check.equal(message, "argument for option '--mode' must be one of 'hold', 'march'")
    ok, message = parser:pparse{}
    check.equal({ ok, message }, { false, "missing argument 'unit'" })
    ok, message = parser:pparse{ "1", "--sped", "2" }
    check.equal({ ok, message }, { false, "unknown option '--sped'\nDid you mean '--speed'?" })
    local usage = parser:get_usage()
    check.equal(usage:find("Usage: order", 1, true), 1)
    check.equal(parser:get_help():find("How fast. (default: 5)", 1, true) ~= nil, true)
    return usage .. result.speed * number
end
