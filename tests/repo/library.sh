#!/bin/sh
# libcanon.a shares no Lua symbol with a host: none is defined or asked for under its usual name. And no source is
# compiled with floating point contraction or fast math.
cd "$(dirname "$0")/../.." || exit 1
out=${CANON_OUT:-build}
library=${CANON_BIN:-$out/bin/Release}/libcanon.a
status=0

symbols=$(nm -g "$library") || exit 1
count=$(echo "$symbols" | grep -cE ' canon_(lua|_Z[0-9]+lua)')
if [ "$count" -lt 300 ]; then
    echo "$library: only $count symbols of the private Lua, expected about 340"
    status=1
fi
# Lua's own functions, as C and (in its C++ build) as C++ names them: lua_*, luaL_*, luaopen_*, luaV_*.
unprefixed=$(echo "$symbols" | awk '{print $NF}' | grep -E '^(_Z[0-9]+)?lua([A-Z]|open|i)?_' | sort -u)
if [ -n "$unprefixed" ]; then
    echo "$library: Lua symbols without prefix (include script/lua.hpp, never lua.hpp):"
    echo "$unprefixed"
    status=1
fi

for makefile in "$out"/gmake/*.make; do
    if grep -E -- '-std=c\+\+20' "$makefile" | grep -qvE -- '-ffp-contract=off'; then
        echo "$makefile: sources are compiled without -ffp-contract=off"
        status=1
    fi
    if grep -HE -- '-ffast-math|-Ofast|-funsafe-math|-ffp-contract=(on|fast)|-march=native' "$makefile"; then status=1; fi
done
exit $status
