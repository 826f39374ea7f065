#!/usr/bin/env bash
# Goal: Canon is itself with the Lua of any official source. The goldens hold with each of the folders of sources that
# CANON_LUA_SOURCE names, separated by colons, with both builds of Lua; of one source g++ and clang++ make the same even of
# what differs between releases.
# Method: the tool and the sample hosts are built and compared with the goldens; tests/cli/lua_source asks for the rest.
. "$(dirname "$0")/common.sh"
cd "$root" || exit 1

if [ -z "${CANON_LUA_SOURCE:-}" ]; then
    echo "skipped: lua_source: CANON_LUA_SOURCE is not set"
    exit 77
fi

targets=(canon_cli)
for host in samples/*/main.cpp; do targets+=("sample_$(basename "$(dirname "$host")")"); done

# builds OUT OPTION...: builds and compares with the goldens.
builds() {
    local binaries=$root/build/$1/bin/Release said
    ./dev build "--lua-source=$folder" "${@:2}" "${targets[@]}" >"$work/said" 2>&1 ||
        fail "./dev build --lua-source=$folder ${*:2}:" "$(tail -n 20 "$work/said")"
    said=$(CANON=$binaries/canon CANON_BIN=$binaries tests/cli/goldens.sh) || fail "Lua of $folder, ${*:2}:" "$said"
    said=$(CANON_OUT=$root/build/$1 CANON_BIN=$binaries tests/repo/library.sh) || fail "Lua of $folder, ${*:2}:" "$said"
    "$binaries/canon" run tests/cli/lua_source --frames 6 --workers 2 --json >"$work/history.${1//\//-}" 2>"$work/err" ||
        [ -s "$work/history.${1//\//-}" ] || fail "tests/cli/lua_source does not run:" "$(head -n 5 "$work/err")"
}
# The compilers are this test's choice, as the packages have them.
unset CC CXX
IFS=: read -ra folders <<<"$CANON_LUA_SOURCE"
for folder in "${folders[@]}"; do
    found=$(framework/lua_source.sh version "$folder" 2>&1) || fail "CANON_LUA_SOURCE: $found"
    release=lua-source-${found%% *}
    builds "$release" --compiler=gcc
    builds "clang/$release" --compiler=clang
    builds "lua-cxx/$release" --compiler=gcc --lua=cxx
    cmp -s "$work/history.$release" "$work/history.clang-$release" ||
        fail "g++ and clang++ make another Lua of $folder:" \
            "$(diff "$work/history.$release" "$work/history.clang-$release" | head -n 6 | cut -c 1-300)"
done
