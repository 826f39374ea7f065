-- Module: say
-- Package: lua-say
-- Outcome: runs
local say = require "say"

return function(check, number)
    say:set_namespace("en")
    say:set("greeting", "hello %s, you are number %s")
    say:set("only", "english")
    check.equal(say("greeting", { "Ann", number }), "hello Ann, you are number " .. number)
    say:set_namespace("de")
    check.equal(say("only"), "english")
    say:set("only", "deutsch")
    check.equal(say("only"), "deutsch")
    check.equal(say("missing"), nil)
    check.equal(say("greeting", { n = 2, "Ann" }), "hello Ann, you are number nil")
    check.fails("expected parameter table", say, "greeting", 5)
    return say("greeting", { "x", number })
end
