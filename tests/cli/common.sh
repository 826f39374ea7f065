# What the command line tests share; sourced by them. A test is silent when all is well, else it says what it found.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CANON=${CANON:-$root/build/bin/Release/canon}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf '%s\n' "$@"
    exit 1
}

# program [FILE]: what comes on stdin is a module of the program under test, main.lua unless FILE says otherwise.
program() {
    local file=$work/program/${1:-main.lua}
    mkdir -p "$(dirname "$file")"
    cat >"$file"
}

# run_everywhere [OPTION...]: runs the program with 1, 2, 3 and 8 workers. All that is said (hashes, faults, logs, errors) must
# be the same; it is left in the files "$out" and "$err", and the exit code in "$status".
run_everywhere() {
    local workers code
    out=$work/out.1 err=$work/err.1 status=""
    for workers in 1 2 3 8; do
        code=0
        "$CANON" run "$work/program" --json --workers "$workers" "$@" >"$work/out.$workers" 2>"$work/err.$workers" || code=$?
        if [ "$workers" = 1 ]; then status=$code; fi
        if [ "$code" != "$status" ]; then fail "exit code $status with 1 worker, $code with $workers"; fi
        cmp -s "$work/out.1" "$work/out.$workers" ||
            fail "the output with $workers workers differs from that with 1:" "$(diff "$work/out.1" "$work/out.$workers" | head -n 6)"
        cmp -s "$work/err.1" "$work/err.$workers" ||
            fail "the errors with $workers workers differ from those with 1:" "$(diff "$work/err.1" "$work/err.$workers" | head -n 6)"
    done
}

# run_once [OPTION...]: the same program with two workers, as people see it.
run_once() {
    out=$work/out err=$work/err status=0
    "$CANON" run "$work/program" --workers 2 "$@" >"$out" 2>"$err" || status=$?
}

expect_status() {
    [ "$status" = "$1" ] || fail "exit code $status, expected $1" "$(head -n 5 "$out")" "$(head -n 5 "$err")"
}

# expect REGEX...: each is found in a line of the output.
expect() {
    local regex
    for regex in "$@"; do
        grep -qE -- "$regex" "$out" || fail "no line of the output matches $regex" "$(head -n 12 "$out" | cut -c 1-600)"
    done
}

expect_error() {
    local regex
    for regex in "$@"; do
        grep -qE -- "$regex" "$err" || fail "no line of the errors matches $regex" "$(head -n 12 "$err")"
    done
}

refuse() {
    local found
    found=$(grep -E -- "$1" "$out") && fail "the output has a line that matches $1" "$(head -n 3 <<<"$found" | cut -c 1-600)"
    return 0
}

# interrupt PID: Ctrl-C for a command that runs in the background, as soon as it catches it: bit 1 of SigCgt tells. Before, the signal
# would just end the process; and just behind the fork that is still this shell, which would take the signal for itself.
interrupt() {
    local tries caught
    for ((tries = 0; tries < 3000; ++tries)); do
        if [ "/proc/$1/exe" -ef "$CANON" ]; then
            caught=$(awk '$1 == "SigCgt:" { print substr($2, length($2)) }' "/proc/$1/status")
            if [[ $caught == [2367abefABEF] ]]; then break; fi
        fi
        sleep 0.01
    done
    kill -INT "$1"
}

# tool COMMAND [OPTION...]: another command of canon than run.
tool() {
    out=$work/out err=$work/err status=0
    "$CANON" "$@" >"$out" 2>"$err" || status=$?
}

# record FILE [OPTION...]: a recording of the program, without output.
record() {
    tool record "$work/program" --quiet --workers 2 -o "$@"
    expect_status 0
}

# chunk FILE KIND NUMBER: offset and size of the payload of the chunk of that kind and number, from 0, in an undamaged file.
chunk() {
    "$CANON" dump "$1" --what chunks | grep "\"chunk\":\"$2\"" | sed -n "$(($3 + 1))s/.*\"offset\":\([0-9]*\).*\"stored\":\([0-9]*\).*/\1 \2/p"
}

# damage FILE OFFSET: another byte there.
damage() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "$(printf '\\x%02x' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
