#!/bin/bash
# Each public header compiles alone, with nothing but the public folder in reach and without run-time type information, and
# shows a host neither Lua nor SLEEF nor {fmt}. The two that are about cereal bring it, and need what it needs. None compiles
# on a platform that would give other hashes.
cd "$(dirname "$0")/../.." || exit 1
check() {
    local header=$1 option=-fno-rtti others='lua[^/]*\.h|lua\.hpp|sleef\.h|fmt/|cereal/' seen
    case $header in */canon/serialize.hpp | */canon/host_state.hpp) option=-frtti others=${others%|cereal/} ;; esac
    seen=$(mktemp)
    "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -Iframework/include $option -fsyntax-only -MD -MF "$seen" -x c++ \
        -include "$header" /dev/null || return 1
    if tr ' ' '\n' <"$seen" | grep -E "(^|/)($others)"; then
        echo "$header pulls in the above"
        return 1
    fi
    if ! grep -q 'canon/detail/platform\.hpp' "$seen"; then
        echo "$header does not come to canon/detail/platform.hpp, which refuses what would give other hashes"
        return 1
    fi
    rm -f "$seen"
}
export -f check
# shellcheck disable=SC2016
find framework/include -name '*.hpp' | sort | xargs -P "$(nproc)" -I HEADER bash -c 'check "$1"' - HEADER
