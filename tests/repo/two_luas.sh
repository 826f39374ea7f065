#!/bin/sh
# A host may link a Lua of its own beside libcanon.a, in any order: each keeps its own. And the private one is strict in
# what it takes from the C library, also when that library is told to use other instructions of the processor.
cd "$(dirname "$0")/../.." || exit 1
out=${CANON_OUT:-build}
library=${CANON_BIN:-$out/bin/Release}/libcanon.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -Wall -Wextra -Werror -ffp-contract=off"

# The lists of flags and libraries are split into words on purpose.
# shellcheck disable=SC2086
{
    set -e
    compiler=${CXX:-g++}
    $compiler $flags -I/usr/include/lua5.4 -c tests/repo/two_luas/stock.cpp -o "$work/stock.o"
    $compiler $flags -I"$out/lua" -I"${CANON_LUA_INCLUDE:-/usr/include/lua5.4}" -c tests/repo/two_luas/private.cpp -o "$work/private.o"
    for lua in -llua5.4 -l:liblua5.4.a -l:liblua5.4-c++.a; do
        for libraries in "$library $lua" "$lua $library"; do
            echo "linked as: $libraries"
            $compiler "$work/stock.o" "$work/private.o" $libraries -lsleef -lfmt -lm -lpthread -ldl -o "$work/host"
            digest=$("$work/host") || { echo "$digest"; exit 1; }
            other=$(GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2 "$work/host")
            [ "$digest" = "$other" ] || { echo "the processor shows: $digest / $other"; exit 1; }
        done
    done
}
