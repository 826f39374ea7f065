#!/usr/bin/env bash
# A module that is not there is refused with the place of the require and the file that was expected.
. "$(dirname "$0")/common.sh"

program <<'LUA'
-- soldiers think
local targets = require "ai.targets"
LUA
run_everywhere
expect_status 3
expect_error "^canon: .*main\.lua:2: module 'ai\.targets' not found in the program.* ai/targets\.lua"

program <<<'require "a"'
program a.lua <<<'require "b"'
program b.lua <<<'require "a"'
run_everywhere
expect_status 3
expect_error "^canon: .*b\.lua:1: module 'a' requires itself"

# A folder's init.lua is the module of the folder's name, but the file itself comes first. A module runs once, whatever it is called.
program ai/init.lua <<<'return { name = "ai/init.lua" }'
program both.lua <<<'return "file"'
program both/init.lua <<<'return "folder"'
program <<'LUA'
local ai, both, folder = require "ai", require "both", require "both.init"
function on_frame() print(ai.name, require("ai.init") == ai, both, folder) end
LUA
run_everywhere --frames 1
expect_status 0
expect 'ai/init\.lua\\ttrue\\tfile\\tfolder'

# What strict Lua leaves out is named, with the reason: as a module, as a global while the program loads, in a fault, in the log.
program <<<'local debug = require "debug"'
run_everywhere
expect_status 3
expect_error "^canon: .*main\.lua:1: module 'debug' not found: strict Lua has no debug library: .*traceback"
program <<<'local exit = os.exit'
run_everywhere
expect_status 3
expect_error "main\.lua:1: attempt to index a nil value \(global 'os'\); strict Lua has no os library: .*engine\.frame"
program <<'LUA'
function on_frame()
    for _, job in ipairs{ "collect", "dump", "shadowed", "own", "mine", "caught" } do engine.submit(job) end
end
function jobs.collect() collectgarbage() end
function jobs.dump() return string.dump(jobs.dump) end
function jobs.shadowed() local io = io return io.open end
function jobs.own() error("attempt to index a nil value (global 'os')", 0) end
function jobs.mine() return unit.name end
function jobs.caught() print(pcall(function() return warn("x") end)) end
LUA
run_everywhere --frames 1
expect "global 'collectgarbage'\); strict Lua has no collectgarbage: how much memory" "field 'dump'\); if string\.dump is meant: strict Lua has none" \
    "local 'io'\); strict Lua has no io library" "global 'os'\)\"" "global 'unit'\)\"" "global 'warn'\); strict Lua has no warn: .*engine\.log" \
    'false\\tengine error'
