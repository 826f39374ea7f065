-- Module: basexx
-- Package: lua-basexx
-- Outcome: runs
local basexx = require "basexx"

return function(check, number)
    check.equal(basexx.to_base64("light work."), "bGlnaHQgd29yay4=")
    check.equal(basexx.from_base64("bGlnaHQgd29yay4="), "light work.")
    check.equal(basexx.to_base64("light wor"), "bGlnaHQgd29y")
    check.equal(basexx.to_hex("\0\xffAz"), "00FF417A")
    check.equal(basexx.from_hex("00ff417a"), "\0\xffAz")
    check.equal(basexx.to_base32("foobar"), "MZXW6YTBOI======")
    check.equal(basexx.from_base32("MZXW6YTBOI======"), "foobar")
    check.equal(basexx.to_bit("AC"), "0100000101000011")
    check.equal(basexx.to_url64("\xfb\xff"), "-_8")
    check.equal(basexx.to_z85("\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b"), "HelloWorld")
    check.equal((select(2, basexx.from_base64("bGln!"))), "!")
    local bytes = {}
    for i = 0, 255 do bytes[i + 1] = string.char((i * (2 * number + 1)) % 256) end
    local text = table.concat(bytes)
    check.equal(basexx.from_base64(basexx.to_base64(text)), text)
    return basexx.to_base64(text)
end
