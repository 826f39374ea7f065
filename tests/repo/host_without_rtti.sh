#!/bin/sh
# A host that is compiled without run-time type information works with the library as it is.
cd "$(dirname "$0")/../.." || exit 1
library=${CANON_BIN:-${CANON_OUT:-build}/bin/Release}/libcanon.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -fno-rtti -Iframework/include samples/06_script_runner/main.cpp "$library" \
    -lsleef -lfmt -lzstd -lm -lpthread -ldl -o "$work/host" || exit 1
"$work/host" >"$work/out" || { echo "the host ended with status $?"; exit 1; }
diff samples/06_script_runner/output.txt "$work/out"
