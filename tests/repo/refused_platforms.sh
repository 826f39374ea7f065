#!/bin/bash
# What can give other hashes is refused with the reason: where it is compiled, and where ./dev cross is asked for it.
cd "$(dirname "$0")/../.." || exit 1
header=framework/include/canon/detail/platform.hpp
status=0

report() {
    printf '%s\n' "$@"
    status=1
}
compile() { "$@" -std=c++20 -fsyntax-only -x c++ -include "$header" /dev/null 2>&1; }

# refused REASON COMPILER...: this compiler, with these options, ends with "#error canon: REASON" and finds nothing else wrong.
refused() {
    local said
    said=$(compile "${@:2}") && report "${*:2}: compiled $header, which should refuse: $1"
    grep -qE "error: .*\"canon: $1" <<<"$said" || report "${*:2}: does not say '$1' but:" "$said"
    if grep -E 'error: ' <<<"$said" | grep -v '"canon: '; then report "${*:2}: finds the above before the reason"; fi
}
# Where there is no compiler for what is refused, a macro of the compiler is given another value.
pretended() { refused "$1" g++ "-U${2%%=*}" "-D$2"; }

for compiler in g++ clang++; do
    said=$(compile "$compiler") || report "$compiler: refused:" "$said"
done
refused '32-bit pointers' g++ -m32
refused '32-bit pointers' g++ -mx32
refused '32-bit pointers' clang++ --target=armv7-linux-gnueabihf
refused 'big endian' clang++ --target=s390x-linux-gnu
refused 'big endian' clang++ --target=powerpc64-linux-gnu
refused 'double is computed with excess precision' g++ -mfpmath=387
refused 'fast math' g++ -ffast-math
refused 'fast math' clang++ -ffast-math
refused 'fast math' g++ -Ofast
refused 'fast math' g++ -funsafe-math-optimizations
refused 'fast math' g++ -ffinite-math-only
refused 'fast math' g++ -freciprocal-math
refused 'fast math' g++ -fno-signed-zeros
refused 'quiet and signalling NaN' clang++ --target=mips64el-linux-gnuabi64
pretended 'double and float are not those of IEEE 754' __DBL_MANT_DIG__=56
pretended 'double and float are not those of IEEE 754' __DBL_MAX_EXP__=127
pretended 'double and float are not those of IEEE 754' __FLT_MANT_DIG__=16
pretended 'fast math' __FAST_MATH__=1
pretended 'fast math' __ASSOCIATIVE_MATH__=1
pretended 'double has no subnormal' __DBL_HAS_DENORM__=0
pretended 'double has no subnormal' __DBL_HAS_INFINITY__=0
pretended 'double has no subnormal' __DBL_HAS_QUIET_NAN__=0

# Should dev go on where it must refuse, it finds neither apt nor a generator: a test installs nothing.
stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
for program in apt-get premake4; do
    printf '#!/bin/sh\necho "%s was called" >&2\nexit 1\n' $program >"$stubs/$program"
    chmod +x "$stubs/$program"
done

# dev_refuses ARCHITECTURE REASON
dev_refuses() {
    local said
    said=$(PATH=$stubs:$PATH ./dev cross "$1" 2>&1) && report "./dev cross $1: ended well"
    grep -qE "^dev: .*$2" <<<"$said" || report "./dev cross $1: does not say '$2' but:" "$said"
}
for architecture in armhf armel i386 mipsel; do dev_refuses $architecture "$architecture has 32-bit pointers"; done
dev_refuses s390x 's390x is big endian'
dev_refuses mips64el 'quiet and signalling NaN exchanged'
dev_refuses vax "unknown architecture 'vax', expected arm64"
exit $status
