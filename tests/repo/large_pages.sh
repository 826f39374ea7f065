#!/bin/bash
# On a system whose pages are larger than those of a Lua image the samples have their golden hashes all the same.
cd "$(dirname "$0")/../.." || exit 1
canon=${CANON:-build/bin/Release/canon}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -O1 -shared -fPIC tests/repo/large_pages/system.cpp -o "$work/system.so" -ldl || exit 1

found=0
while read -r sample frames seed hash options; do
    case $sample in samples/0[1-4]*) ;; *) continue ;; esac
    [ -z "$options" ] || continue
    found=$((found + 1))
    LD_PRELOAD=$work/system.so "$canon" run "$sample" --frames "$frames" --seed "$seed" --workers 2 --expect-hash "$hash" \
        >"$work/out" 2>&1 || { echo "$sample with pages of 64 KiB:"; tail -n 3 "$work/out"; exit 1; }
done <tests/goldens.txt
[ "$found" -ge 4 ] || { echo "tests/goldens.txt: found $found of the samples 01 to 04"; exit 1; }
