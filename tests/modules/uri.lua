-- Module: uri
-- Package: lua-uri
-- Outcome: runs
local uri = require "uri"

return function(check, number)
    local page = assert(uri:new("HTTP://Example.COM:80/a/./b/../%7efile?q=1#part"))
    check.equal(page:uri(), "http://example.com/a/~file?q=1#part")
    check.equal({ page:scheme(), page:host(), page:port(), page:path(), page:query(), page:fragment() },
                { "http", "example.com", 80, "/a/~file", "q=1", "part" })
    check.equal(tostring(assert(uri:new("../c?x", "http://a/b/d/e"))), "http://a/b/c?x")
    check.equal(page:path("/page/" .. number), "/a/~file")
    check.equal(tostring(page), "http://example.com/page/" .. number .. "?q=1#part")
    check.equal((uri:new("http://host:port/")), nil)
    check.equal(assert(uri:new("ftp://user:secret@host/file")):userinfo(), "user:secret")
    check.equal(assert(uri:new("urn:isbn:0-306-40615-2")):uri(), "urn:isbn:0306406152")
    check.equal(uri.eq("http://A/", "http://a/"), true)
    return tostring(page)
end
