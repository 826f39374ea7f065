-- Module: luassert
-- Package: lua-luassert
-- With: say
-- Outcome: refused
-- Error: a metatable with __mode is refused: entries of a weak table vanish at moments that differ between machines
-- Lacks: weak tables
require "luassert"
