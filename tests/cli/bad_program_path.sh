#!/usr/bin/env bash
# Where there is no program, the message says what is there instead.
. "$(dirname "$0")/common.sh"

mkdir "$work/program"
run_everywhere
expect_status 3
expect_error '^canon: the folder .*/program has no main\.lua'

rm -r "$work/program"
run_everywhere
expect_status 3
expect_error '^canon: there is no program at .*/program'

echo 'this is text' >"$work/notes.txt"
status=0 out=$work/out err=$work/err
"$CANON" run "$work/notes.txt" >"$out" 2>"$err" || status=$?
expect_status 3
expect_error 'notes\.txt is no program: give a folder with a main\.lua, or a \.lua file'
