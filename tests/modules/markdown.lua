-- Module: markdown
-- Package: lua-markdown
-- Outcome: refused
-- Error: Lua 5.4 has no setfenv
-- Lacks: nothing that stock Lua 5.4 has: it is written for Lua 5.1
require "markdown"
