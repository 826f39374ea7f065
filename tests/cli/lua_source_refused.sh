#!/usr/bin/env bash
# What is no official source of a release that Canon is built with is refused: with what was found and what is expected.
. "$(dirname "$0")/common.sh"
cd "$root" || exit 1

# pretend VERSION [SED]: a folder that looks like the sources of that release, its lua.h changed by a sed command.
pretend() {
    local folder=$work/pretended/src name
    rm -rf "$work/pretended"
    mkdir -p "$folder"
    sed -e "${2:-}" >"$folder/lua.h" <<TEXT
#define LUA_VERSION_MAJOR	"${1%%.*}"
#define LUA_VERSION_MINOR	"$(cut -d. -f2 <<<"$1")"
#define LUA_VERSION_RELEASE	"$(cut -d. -f3- <<<"$1")"
#define LUA_VERSION_NUM			504
#define LUA_VERSION_RELEASE_NUM		(LUA_VERSION_NUM * 100 + ${1##*.})
#define LUA_VERSION	"Lua " LUA_VERSION_MAJOR "." LUA_VERSION_MINOR
#define LUA_RELEASE	LUA_VERSION "." LUA_VERSION_RELEASE
TEXT
    for name in lua.hpp luaconf.h lualib.h lauxlib.h; do touch "$folder/$name"; done
    for name in $(sed -n '/^modules="/,/"$/p' framework/lua_source.sh | sed 's/modules=//' | tr -d '"'); do touch "$folder/$name.c"; done
}
version() { framework/lua_source.sh version "$1" 2>&1; }

# refused FOLDER REASON
refused() {
    local said
    said=$(version "$1") && fail "framework/lua_source.sh takes $1, which it should refuse: $2"
    grep -qF -- "$2" <<<"$said" || fail "framework/lua_source.sh refuses $1 without saying '$2' but:" "$said"
    grep -qF 'official sources of Lua 5.4.4 to 5.4.8' <<<"$said" || fail "the refusal of $1 does not say what is expected:" "$said"
}
made=$work/pretended
for release in 4 5 6 7 8; do
    pretend 5.4.$release
    [ "$(version "$made")" = "5.4.$release $made/src" ] || fail "5.4.$release is refused:" "$(version "$made")"
    [ "$(version "$made/src")" = "5.4.$release $made/src" ] || fail "the src of 5.4.$release is refused:" "$(version "$made/src")"
done
for release in 5.4.0 5.4.3 5.4.9 5.4.10 5.3.6 5.5.0; do
    pretend $release
    refused "$made" "holds Lua $release, expected"
done
pretend 5.5.0 's/\(LUA_VERSION_[A-Z]*\)\t"\([0-9]*\)"/\1_N\t\2/'
refused "$made" "holds Lua 5.5.0, expected"
pretend 5.4.6-fast
refused "$made" "calls itself Lua '5.4.6-fast', which is no official release"
pretend 5.4.6 's/LUA_VERSION "." LUA_VERSION_RELEASE/LUA_VERSION ".6 (ours)"/'
refused "$made" "LUA_RELEASE is 'LUA_VERSION \".6 (ours)\"', in the official Lua 5.4.6"
pretend 5.4.6 's/100 + 6/100 + 5/'
refused "$made" "LUA_VERSION_RELEASE_NUM is '(LUA_VERSION_NUM * 100 + 5)', in the official Lua 5.4.6"
pretend 5.4.6
rm "$made/src/lvm.c"
refused "$made" "holds only a part of Lua 5.4.6, without lvm.c"
rm "$made"/src/*.c
refused "$made" "holds only a part of Lua 5.4.6, without lapi.c lauxlib.c lbaselib.c and others"
rm "$made/src/lua.h"
refused "$made" "holds neither lua.h nor src/lua.h"
refused "$work/nowhere" "there is no folder '$work/nowhere'"
pretend 5.4.6
mv "$made" "$work/of mine"
refused "$work/of mine" "make cannot take the name of '$work/of mine/src'"
said=$(./dev build --lua-source="$made" 2>&1) && fail "./dev build --lua-source takes a folder that is not there"
[ "$said" = "dev: there is no folder '$made', expected the unpacked official sources of Lua 5.4.4 to 5.4.8" ] ||
    fail "./dev build --lua-source does not pass on the reason but says:" "$said"
