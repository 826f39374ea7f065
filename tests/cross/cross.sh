# shellcheck shell=bash disable=SC2154
# ./dev cross ARCHITECTURE: the tool and the tests built for another processor, and run here by an emulator. Sourced by dev.
#
# What Debian has for the target is unpacked into a folder of its own, so nothing of it is installed on this machine and
# Debian's names of architectures are those of the command. Compiler and emulator are ordinary packages of this machine.

# The names that compiler and emulator have for an architecture: TRIPLE EMULATOR. Else says why there are none.
cross_names() {
    case $1 in
        arm64) echo aarch64-linux-gnu qemu-aarch64 ;;
        ppc64el) echo powerpc64le-linux-gnu qemu-ppc64le ;;
        riscv64) echo riscv64-linux-gnu qemu-riscv64 ;;
        armel | armhf | i386 | mipsel) fail "$1 has 32-bit pointers; a Lua heap lies at a multiple of 4 GiB, which needs 64 bits" ;;
        s390x) fail "$1 is big endian; canonical bytes are the bytes in memory, which needs little endian" ;;
        mips64el) fail "$1 takes the canonical NaN for a signalling one; this MIPS has quiet and signalling NaN exchanged" ;;
        "") fail "cross needs an architecture: arm64, ppc64el or riscv64" ;;
        *) fail "unknown architecture '$1', expected arm64, ppc64el or riscv64" ;;
    esac
}

# apt for the target alone: `cross_apt get|cache ...` with lists, cache and installed packages in $1, which are none.
cross_apt() { APT_CONFIG=$apt/apt.conf "apt-$1" "${@:2}"; }

# Fills $sysroot with the development packages of dev's list and what they depend on. Once: a later run finds it there.
fill_sysroot() {
    local wanted=() missing=() package log
    for package in "${packages[@]}"; do
        case $package in
            libclang-*) ;;  # of this machine's compiler
            *-dev) wanted+=("$package") ;;
        esac
    done
    if [ "${wanted[*]}" = "$(cat "$sysroot/.packages" 2>/dev/null)" ]; then return; fi
    say "fetching Debian's libraries for $architecture into ${sysroot#"$PWD/"}"
    local apt=$PWD/$out/apt
    rm -rf "$apt" "$sysroot"
    mkdir -p "$apt"/{lists,cache/archives}/partial "$sysroot"
    touch "$apt/installed"
    apt-get indextargets 'Created-By: Packages' 'Origin: Debian' --format \
        'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' |
        sort -u >"$apt/sources.list"
    cat >"$apt/apt.conf" <<TEXT
APT { Architecture "$architecture"; Architectures { "$architecture"; }; Sandbox::User "root"; };
Dir::Etc { sourcelist "$apt/sources.list"; sourceparts "-"; };
Dir::State { lists "$apt/lists"; status "$apt/installed"; };
Dir::Cache "$apt/cache";
TEXT
    # What fails here fails below, where it is known what it is needed for.
    log=$(cross_apt get update -qq 2>&1) || true
    for package in "${wanted[@]}"; do
        cross_apt cache show "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        fail "Debian $(cat /etc/debian_version) has no package for $architecture of: ${missing[*]}${log:+; apt says: $log}"
    fi
    local try
    for try in 1 2; do
        if log=$(cross_apt get install -qq -y --download-only --no-install-recommends "${wanted[@]}" 2>&1); then break; fi
        if [ "$try" -eq 2 ]; then fail "could not fetch the libraries for $architecture: $log"; fi
    done
    for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
    # Links that begin at the root mean the target's: ppc64el's loader is one.
    find "$sysroot" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link aim; do
        ln -sfnr "$sysroot$aim" "$link"
    done
    rm -rf "$apt"
    echo "${wanted[*]}" >"$sysroot/.packages"
}

# write_script FILE WORDS...: a program that is those words and its own arguments.
write_script() {
    mkdir -p "$(dirname "$1")"
    printf '#!/bin/sh\nexec %s "$@"\n' "${*:2}" >"$1.new"
    chmod +x "$1.new"
    mv "$1.new" "$1"
}

# The tests of tests/cross/tests.txt, in Boost.Test's notation, less those it skips.
cross_filter() { awk '$1 == "run" { chosen = chosen ":" $2 } $1 == "skip" { skipped = skipped ":!" $2 }
    END { print substr(chosen skipped, 2) }' tests/cross/tests.txt; }

cross() {
    local architecture=${1:-} names triple emulator
    if [ $# -gt 1 ]; then fail "cross takes one architecture, and no '$2'"; fi
    names=$(cross_names "$architecture")
    read -r triple emulator <<<"$names"
    # An empty name would make "g++-" of the compiler's, which apt takes for the order to remove g++.
    if [ -z "$triple" ] || [ -z "$emulator" ]; then fail "no compiler and emulator are known for '$architecture'"; fi
    out=build/$architecture
    if [ "$level" != 2 ]; then fail "cross takes no --level, see ./dev help"; fi
    sysroot=$PWD/$out/sysroot
    deps "g++-$triple" qemu-user
    fill_sysroot
    if [ -n "$lua_source" ]; then out+=/lua-source-$lua_version; fi
    local built=$PWD/$out/bin/Release emulated=$PWD/$out/emulated program
    write_script "$out/tools/g++" "$triple-g++" "'--sysroot=$sysroot'"
    export CXX=$PWD/$out/tools/g++ AR=$triple-ar
    local host targets=(canon_cli canon_tests) programs=(canon canon_tests)
    for host in samples/*/main.cpp; do
        host=$(basename "$(dirname "$host")")
        targets+=("sample_$host") programs+=("samples/$host")
    done
    build "${targets[@]}"

    export CANON_TEST_EMULATOR="$emulator -L '$sysroot'"
    for program in "${programs[@]}"; do
        write_script "$emulated/$program" "$CANON_TEST_EMULATOR" "'$built/$program'"
    done
    # What follows is slower by ten times. Two numbers of workers for each golden are what there is time for; the unit tests
    # compare all four.
    bin=$emulated patience=3600
    export CANON_GOLDEN_WORKERS="1 3"
    # Recordings go from here to there and back.
    if [ -x build/bin/Release/canon ]; then export CANON_ELSEWHERE=$PWD/build/bin/Release/canon; fi
    passed=0 failed=0
    make_lanes
    say "running goldens and tests on $architecture, in $emulator"
    sed -nE 's/^skip +([^ ]+) +(.*)/not run: \1: \2/p' tests/cross/tests.txt
    if [ -n "$filter" ]; then
        lane unit unit_tests
    else
        filter=$(cross_filter)
        lane unit unit_tests
        lane command_line cross_scripts
    fi
    collect
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

cross_scripts() {
    local script
    for script in $(sed -nE 's/^script +//p' tests/cross/tests.txt); do script_test "$script"; done
}
