#!/bin/sh
# libcanon.a shares no Lua symbol with a host: none is defined or asked for under its usual name. And no source is
# compiled with floating point contraction or fast math, nor is there an instruction in it that multiplies and adds at once.
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

# Of x86-64, arm64, riscv64 and ppc64el. Not of Lua, whose builds for some processors have two such instructions, where the
# product is exact.
fused='[[:space:]](vfn?m(add|sub)|fn?m(add|sub)|fml[as]|xvn?m(add|sub)|xsn?m(add|sub))[a-z0-9.]*[[:space:]]'
compiler=${CXX:-g++}
objdump=$($compiler -print-prog-name=objdump)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# That they would be seen: what is refused, compiled.
echo 'double f(double a, double b, double c) { return a * b + c; }' >"$work/fused.cpp"
case $($compiler -dumpmachine) in x86_64-*) fma=-mfma ;; *) fma= ;; esac
$compiler -O2 -ffp-contract=fast $fma -c "$work/fused.cpp" -o "$work/fused.o" || status=1
"$objdump" -d --no-show-raw-insn "$library" "$work/fused.o" | awk -v fused="$fused" '
    /file format/ { file = $1; is_own = file != "private_lua.o:" }
    is_own && /^ +[0-9a-f]+:/ { instructions++ }
    is_own && $0 ~ fused { if (file ~ /fused[.]o:$/) seen = 1; else print file, $0 }
    END {
        if (instructions < 100000) print "only", instructions, "instructions were read, expected at least 100000"
        if (!seen) print "a fused multiply-add is not seen where there is one"
    }' >"$work/findings"
if [ -s "$work/findings" ]; then
    echo "$library: no instruction may round once where two operations were written:"
    cat "$work/findings"
    status=1
fi
exit $status
