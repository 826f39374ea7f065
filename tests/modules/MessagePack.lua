-- Module: MessagePack
-- Package: lua-messagepack
-- Outcome: runs
local pack = require "MessagePack"

return function(check, number)
    check.equal(pack.pack({ 1, -1, 128, true, "a" }), "\x95\x01\xff\xcc\x80\xc3\xa1a")
    check.equal(pack.unpack("\x82\xa1x\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa1y\x93\x01\x02\x03"), { x = 1.5,
        y = { 1, 2, 3 } })
    for _, value in ipairs{ 0, -32, 127, 255, 65536, -2^31 | 0, math.maxinteger, math.mininteger, 0.1, -1e300, "",
        ("x"):rep(70000) } do
        check.equal(pack.unpack(pack.pack(value)), value)
    end
    check.equal(pack.pack(nil), "\xc0")
    local units = {}
    for i = 1, 20 do units[i] = { id = i * number, name = "unit " .. i, at = { i / 3, i / 7 } } end
    local bytes = pack.pack(units)
    check.equal(pack.unpack(bytes), units)
    check.fails("missing bytes", pack.unpack, bytes:sub(1, -2))
    local count = 0
    for _, value in pack.unpacker(pack.pack(5) .. pack.pack("six")) do
        count = count + 1
        check.equal(value, count == 1 and 5 or "six")
    end
    return bytes
end
