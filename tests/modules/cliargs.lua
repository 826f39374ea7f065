-- Module: cliargs
-- Package: lua-cliargs
-- Outcome: runs with stand-ins
-- Lacks: package.loaded, from which it takes itself away after parsing

package = { loaded = {} }
local core = require "cliargs.core"

return function(check, number)
    local cli = require "cliargs"
    cli:set_name("order")
    cli:argument("UNIT", "which unit")
    cli:splat("TARGETS", "what at", nil, 3)
    cli:option("-s, --speed=NUMBER", "how fast", "5")
    cli:flag("-q, --quiet", "say nothing", false)
    local result = cli:parse({ "-s", tostring(number), "--quiet", "7", "a", "b" }, true)
    check.equal({ result.UNIT, result.TARGETS, result.speed, result.s, result.quiet },
        { "7", { "a", "b" }, tostring(number), tostring(number), true })
    local _, message = cli:parse({ "--fast", "7" }, true)
    check.equal(message:find("unknown", 1, true) ~= nil, true)
    check.fails("Duplicate", cli.flag, cli, "-q", "again")
    local other = core()
    other:argument("ONE", "one")
    check.equal(other:parse({ "x" }).ONE, "x")
    check.equal((other:parse({})), nil)
    check.equal(type(cli:parse({ "7" })), "table")
    return table.concat({ result.UNIT, result.speed }, " ")
end
