-- Module: ansicolors
-- Package: lua-ansicolors
-- Outcome: runs
local colors = require "ansicolors"

return function(check, number)
    check.equal(colors("%{red}hot"), "\27[0m\27[31mhot\27[0m")
    check.equal(colors("plain"), "\27[0mplain\27[0m")
    check.equal(colors(), "\27[0m\27[0m")
    check.equal(colors.noReset("%{bright blue greenbg}x"), "\27[1m\27[34m\27[42mx")
    check.equal(colors.noReset("100%"), "100%")
    check.fails("Unknown key: pinkish", colors, "%{pinkish}")
    return colors("%{green}" .. number)
end
