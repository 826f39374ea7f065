-- Goal: string.pack, packsize and unpack mean the same on every machine, and what would be the machine's is refused.

local pack, unpack, packsize = string.pack, string.unpack, string.packsize

-- Sizes that stand by themselves, little-endian unless told otherwise.
for format, size in pairs{ b = 1, B = 1, h = 2, H = 2, j = 8, J = 8, i1 = 1, i3 = 3, i16 = 16, I7 = 7, f = 4, d = 8, n = 8, c5 = 5, c0 = 0,
                           x = 1, ["!4 b Xx"] = 1, ["!4 b i4"] = 8, ["!8 b d"] = 16, ["!4 b Xi4"] = 4, ["b i4"] = 5, ["!2 b i4"] = 6 } do
    assert(packsize(format) == size, format)
end
assert(pack("i4", 1) == "\1\0\0\0" and pack(">i4", 1) == "\0\0\0\1" and pack("<i4>i4<i4", 1, 1, 1) == "\1\0\0\0\0\0\0\1\1\0\0\0")
assert(pack("j", -2) == "\xfe" .. ("\xff"):rep(7) and pack("i16", -1) == ("\xff"):rep(16) and pack("I16", -1) == ("\xff"):rep(8) .. ("\0"):rep(8))
assert(pack("d", 1.5) == "\0\0\0\0\0\0\xf8\x3f" and pack(">f", 1.5) == "\x3f\xc0\0\0")
assert(pack("z s1 s4 c4", "ab", "cd", "e", "fg") == "ab\0\2cd\1\0\0\0efg\0\0")
assert(pack("!4 b i4", 1, 2) == "\1\0\0\0\2\0\0\0" and pack("b x b", 1, 2) == "\1\0\2")

-- What the machine would decide.
for _, format in ipairs{ "l", "L", "T", "=", "i", "I", "s", "!", "=i4", "<l", "i4 T" } do
    for _, f in ipairs{ pack, packsize, unpack } do
        local ok, message = pcall(f, format, f == unpack and ("\0"):rep(32) or 1, 1)
        assert(not ok and (message:find("machine's", 1, true)), format)
    end
end

-- There and back.
for size = 1, 16 do
    for _, order in ipairs{ "<", ">" } do
        local bits = math.min(size, 8) * 8
        for _, value in ipairs{ 0, 1, -1, 100, -128, (1 << (bits - 1)) - 1, -(1 << (bits - 1)) } do
            if math.abs(value) < 128 or size > 1 or value == -128 or value == 127 then
                assert(unpack(order .. "i" .. size, pack(order .. "i" .. size, value)) == value)
            end
        end
        local most = size >= 8 and -1 or (1 << bits) - 1
        assert(unpack(order .. "I" .. size, pack(order .. "I" .. size, most)) == most)
    end
end
assert(table.concat({ unpack("<i2 z s1 B", pack("<i2 z s1 B", -5, "zero", "one", 200)) }, ",") == "-5,zero,one,200,13")
assert(select(2, unpack("b", "\5\6", 2)) == 3 and unpack("b", "\5\6", -1) == 6 and unpack("b", "\5\6", 0) == 5)

-- NaN has one form, whatever bits came in.
local canonical = "\0\0\0\0\0\0\xf8\x7f"
assert(pack("d", 0 / 0) == canonical and pack("d", -(0 / 0)) == canonical and pack("f", -(0 / 0)) == "\0\0\xc0\x7f")
assert(pack("d", (unpack("d", "\1\2\3\4\5\6\xff\xff"))) == canonical)

-- Errors.
for _, bad in ipairs{ { "i1", 128 }, { "B", 256 }, { "I3", -1 }, { "i2", 40000 }, { "i4", 1.5 }, { "i17", 1 }, { "i0", 1 }, { "y", 1 },
                      { "c", "x" }, { "c2", "abc" }, { "z", "a\0b" }, { "s1", ("x"):rep(256) }, { "i4" }, { "!3 i4", 1 }, { "X", 1 },
                      { "Xz", 1 }, { "!17 i4", 1 }, { "c99999999999", "" } } do
    assert(not pcall(pack, table.unpack(bad)), bad[1])
end
for _, bad in ipairs{ { "i4", "abc" }, { "s1", "\5ab" }, { "z", "abc" }, { "b", "a", 3 }, { "i9", ("\1"):rep(9) }, { "c5", "ab" },
                      { "s8", ("\xff"):rep(8) }, { "I16", ("\xff"):rep(16) } } do
    assert(not pcall(unpack, table.unpack(bad)), bad[1])
end
assert(not pcall(packsize, "s1") and not pcall(packsize, "z") and not pcall(packsize, ("c60000000"):rep(40)))
assert(not pcall(pack, "c67108864 c67108864", "", ""))
