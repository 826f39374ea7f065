#!/usr/bin/env bash
# Wrong usage gets one clear error, code 2 and a hint; right usage does what --help says.
. "$(dirname "$0")/common.sh"

program <<'LUA'
function on_start(config) print(config.units, config.name, config.list and #config.list, config.none) end
LUA

wrong() {
    run_once "${@:2}"
    expect_status 2
    expect_error "^canon: .*$1"
    [ -s "$out" ] && fail "there is output for: ${*:2}" "$(head -n 3 "$out")"
    return 0
}
wrong '--frames' --frames many
wrong '--frames' --frames -1
wrong '--workers' --workers 0
wrong '--workers' --workers 100000
wrong '--seed' --seed 1.5
wrong '--hash-every' --hash-every 0
wrong '--config units: expected key=JSON' --config units
wrong '--config =3: expected key=JSON' --config =3
wrong "--config name=red: the value is no JSON .*'name=\"red\"'" --config name=red
wrong '--expect-hash xyz: ' --expect-hash xyz
wrong '--expect-hash 0x: ' --expect-hash 0x
wrong '--expect-hash 11112222333344445: ' --expect-hash 11112222333344445
wrong '--bogus' --bogus
wrong 'surplus' surplus

run_once --frames 0 --json --config units=3 --config 'name="red"' --config list=[1,2] --config units=2000 --config none=null
expect_status 0
expect '^\{"frame":0,"hash":"[0-9a-f]{16}",.*"text":"2000\\tred\\t2\\tnil"'

out=$work/out err=$work/err
for arguments in '' 'fly' '--bogus'; do
    status=0
    # shellcheck disable=SC2086
    "$CANON" $arguments >"$out" 2>"$err" || status=$?
    expect_status 2
    expect_error '^canon: ' "Try 'canon --help'"
done
for arguments in '--help' 'run --help'; do
    status=0
    # shellcheck disable=SC2086
    "$CANON" $arguments >"$out" 2>"$err" || status=$?
    expect_status 0
    expect '^ +0 +done' '^ +4 +.*--expect-hash' '^ +130 '
    [ "$(awk '{ if (length > most) most = length } END { print most }' "$out")" -le 100 ] || fail "$arguments has lines of more than 100 letters"
done
"$CANON" --version | grep -qE '^canon [0-9]+\.[0-9]+\.[0-9]+$' || fail "canon --version says: $("$CANON" --version)"
