-- Module: json
-- Package: lua-json
-- Outcome: refused
-- Error: module 'lpeg' not found in the program (expected the file lpeg.lua or lpeg/init.lua beside main.lua; C libraries cannot be loaded)
-- Lacks: LPeg, a C library
require "json"
