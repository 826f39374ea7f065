#!/usr/bin/env bash
# A module that is not there is refused with the place of the require and the file that was expected.
. "$(dirname "$0")/common.sh"

program <<'LUA'
-- soldiers think
local targets = require "ai.targets"
LUA
run_everywhere
expect_status 3
expect_error "^canon: .*main\.lua:2: module 'ai\.targets' is not part of the program.* ai/targets\.lua"

program <<<'require "a"'
program a.lua <<<'require "b"'
program b.lua <<<'require "a"'
run_everywhere
expect_status 3
expect_error "^canon: .*b\.lua:1: module 'a' requires itself"
