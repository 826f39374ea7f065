#!/usr/bin/env bash
# The small C++ hosts that have no hash print what their output.txt says, again and again.
. "$(dirname "$0")/common.sh"
cd "$root" || exit 1
hosts=${CANON_BIN:-$(dirname "$CANON")}/samples
found=0
for expected in samples/*/output.txt; do
    name=$(basename "$(dirname "$expected")")
    found=$((found + 1))
    for _ in 1 2 3; do
        timeout 60 "$hosts/$name" >"$work/out" 2>"$work/err" </dev/null || fail "$name ended with status $?" "$(cat "$work/err")"
        diff "$expected" "$work/out" >"$work/diff" || fail "$name does not print what $expected says:" "$(cat "$work/diff")"
    done
done
[ "$found" -gt 0 ] || fail "there is no samples/*/output.txt"
