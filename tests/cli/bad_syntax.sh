#!/usr/bin/env bash
# A program that is no Lua is refused with file and line, whichever of its modules it is, and no frame runs.
. "$(dirname "$0")/common.sh"

program <<'LUA'
function on_frame(frame)
    engine.submit("think" "soldier")
end
LUA
run_everywhere
expect_status 3
expect_error "^canon: main\.lua:2: .*'\)' expected near '\"soldier\"'"
[ -s "$out" ] && fail "frames were run: $(head -n 1 "$out")"

program <<<'require "ai.targets"'
program ai/targets.lua <<'LUA'
local targets = {}
function targets.nearest(
return targets
LUA
run_everywhere
expect_status 3
expect_error '^canon: the program cannot be loaded: ai/targets\.lua:3: '

# A file that nothing requires may be a draft, or no module at all.
program <<<'function on_frame() end'
program ai/old.targets.lua <<<'no Lua either'
run_everywhere --frames 2
expect_status 0
