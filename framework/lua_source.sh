#!/bin/sh
# Makes a static library of Lua out of its official sources, which private_lua.sh then takes instead of the system's.
#
# Call: lua_source.sh version DIR
#   Prints "VERSION FOLDER": the release that DIR holds, and where its lua.h is (DIR or DIR/src). Fails, and says why,
#   if that is not the whole of an official release that Canon is built with. Needs no compiler.
# Call: lua_source.sh compile c|cxx FOLDER ARCHIVE FLAG...
#   Compiles all of FOLDER but the programs lua and luac with $CXX and FLAGs, and writes ARCHIVE.
set -eu

# Nothing else is taken over from other releases: before 5.4.4 lists with holes, levels of calls and texts of errors differ.
first=4 last=8
expected="the unpacked official sources of Lua 5.4.$first to 5.4.$last"
modules="lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib lmem
    loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lundump lutf8lib lvm lzio"

fail() { echo "lua_source.sh: $*" >&2; exit 1; }

# definition NAME: what lua.h, which comes on stdin, defines it as, with single blanks.
definition() {
    tr -d '\r' | sed -nE "s/^[[:space:]]*#[[:space:]]*define[[:space:]]+$1[[:space:]]+//p" |
        sed -E 's/[[:space:]]+/ /g; s/ $//' | head -n 1
}

version() {
    [ -d "$1" ] || fail "there is no folder '$1', expected $expected"
    folder=$(cd "$1" && pwd)
    if [ ! -f "$folder/lua.h" ]; then
        [ -f "$folder/src/lua.h" ] ||
            fail "'$1' holds neither lua.h nor src/lua.h, expected $expected"
        folder=$folder/src
    fi
    header=$folder/lua.h
    case $folder in
        *[!A-Za-z0-9/._+~-]*)
            fail "make cannot take the name of '$folder', expected $expected in a folder named without blanks and signs" ;;
    esac

    # 5.5 has plain numbers under other names; 5.3 has no number of the release.
    found=""
    for part in MAJOR MINOR RELEASE; do
        value=$(definition "LUA_VERSION_$part" <"$header")
        case $value in '"'*'"') ;; *) value=$(definition "LUA_VERSION_${part}_N" <"$header") ;; esac
        found=$found.$(echo "$value" | tr -d '"')
    done
    found=${found#.}
    case $found in
        5.4.["$first"-"$last"]) ;;
        5.4.[0-9] | 5.4.[1-9][0-9] | [0-9].[0-9].[0-9]) fail "'$1' holds Lua $found, expected $expected" ;;
        *) fail "'$1' calls itself Lua '$found', which is no official release; expected $expected" ;;
    esac
    release=${found#5.4.}
    # The name that the release has for people and for the preprocessor is one thing in official sources.
    for line in "LUA_VERSION_NUM=504" "LUA_VERSION_RELEASE_NUM=(LUA_VERSION_NUM * 100 + $release)" \
        'LUA_VERSION="Lua " LUA_VERSION_MAJOR "." LUA_VERSION_MINOR' 'LUA_RELEASE=LUA_VERSION "." LUA_VERSION_RELEASE'; do
        value=$(definition "${line%%=*}" <"$header")
        [ "$value" = "${line#*=}" ] ||
            fail "$header: ${line%%=*} is '$value', in the official Lua $found '${line#*=}'; expected $expected"
    done
    missing="" count=0
    for name in lua.hpp luaconf.h lualib.h lauxlib.h $(printf '%s.c ' $modules); do
        if [ -f "$folder/$name" ]; then continue; fi
        count=$((count + 1))
        if [ $count -le 3 ]; then missing="$missing $name"; elif [ $count -eq 4 ]; then missing="$missing and others"; fi
    done
    [ -z "$missing" ] || fail "'$1' holds only a part of Lua $found, without$missing; expected $expected"
    echo "$found $folder"
}

compile() {
    flavour=$1 folder=$2 archive=$3
    shift 3
    # Compatible with 5.3 and for Linux, as Lua's own makefile and Debian's build have it: the former makes `a <= b` of
    # `not (b < a)` where there is only __lt.
    set -- "$@" -DLUA_COMPAT_5_3 -DLUA_USE_LINUX -ffp-contract=off -Wall -Wextra "-I$folder"
    case $flavour in
        c) set -- -x c -std=gnu99 "$@" ;;
        # The public functions keep the names of C, since they are declared so before any source declares them. What the
        # headers have for Lua's own sources alone they have only for who says to be one.
        cxx) set -- -x c++ -std=c++17 -include lua.hpp -DLUA_CORE= -DLUA_LIB= "$@" ;;
        *) fail "unknown Lua build '$flavour', expected c or cxx" ;;
    esac
    objects=$(mktemp -d "$archive.XXXXXX")
    trap 'rm -rf "$objects"' EXIT
    # shellcheck disable=SC2086
    printf '%s\n' $modules | xargs -P "$(nproc)" -I '{}' $CXX "$@" -c "$folder/{}.c" -o "$objects/{}.o" ||
        fail "could not compile $folder with $CXX"
    rm -f "$archive"
    "$($CXX -print-prog-name=ar)" rcs "$archive" "$objects"/*.o
}

: "${CXX:=g++}"
export CXX
case ${1:-}:$# in
    version:2) version "$2" ;;
    compile:[4-9] | compile:[1-9][0-9]) shift && compile "$@" ;;
    *) fail "usage: lua_source.sh version DIR | lua_source.sh compile c|cxx FOLDER ARCHIVE FLAG..." ;;
esac
