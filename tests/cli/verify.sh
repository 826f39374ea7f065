#!/usr/bin/env bash
# canon verify: one result for each file, for people, as JSON and as JUnit; an exit code for each class, of several files the worst;
# the same with any number of threads; Ctrl-C ends it.
. "$(dirname "$0")/common.sh"
out=$work/out err=$work/err

program <<'LUA'
template("ant", { x = 0 })
function on_start()
    for i = 1, 50 do engine.spawn_entity("ant", { x = i }) end
end
function on_frame(frame) engine.submit_each("walk", "ant") end
function jobs.walk(id) engine.add(id, "x", math.random(0, 3)) end
LUA
record() {
    "$CANON" record "$work/program" -o "$1" --quiet --keyframes 20 "${@:2}" || fail "recording into $1 fails"
}
verify() {
    status=0
    "$CANON" verify "$@" >"$out" 2>"$err" || status=$?
}

same=$work/same.canon
record "$same" --frames 90
for threads in 1 2 8; do
    verify --threads "$threads" "$same"
    expect_status 0
    expect '^/.*/same\.canon: same, 90 frames in [0-9.]+ s, [0-9]+ frames/s, [0-9.]+ times real time$'
    [ "$(wc -l <"$out")" = 1 ] || fail "more than one line for a file:" "$(cat "$out")"
done
verify --json "$same"
expect_status 0
expect '^\{"file":".*same\.canon","result":"same","frames":90,"frames_there":90,"spans":5,"seconds":[0-9.e-]+,"times_real_time":[0-9.]+,"closed":true\}$'

# No command makes a recording that diverges, so a unit test does.
bad=$work/bad.canon
tests=$(dirname "$CANON")/canon_tests
"$tests" -t verifying/a_changed_hash_is_found_in_a_file -- "$bad" >"$out" 2>&1 || fail "no recording that diverges:" "$(cat "$out")"
for threads in 1 2 8; do
    verify --threads "$threads" --junit "$work/report.xml" "$bad" "$same" "$work/missing.canon"
    expect_status 4
    expect '^/.*/bad\.canon: diverged, 44 of 47 frames in ' '^  first frame 17: state hash [0-9a-f]{16}, recorded [0-9a-f]{16}$'
    grep -q '<failure type="diverged" message="first frame 17: state hash ' "$work/report.xml" || fail "the report:" "$(cat "$work/report.xml")"
done
verify --json "$bad"
expect_status 4
expect '"result":"diverged",.*"divergence":\{"segment":0,"frame":17,"what":"state hash","recorded":"[0-9a-f]{16}","played":"[0-9a-f]{16}",'

size=$(stat -c %s "$same")
damaged=$work/damaged.canon
cp "$same" "$damaged"
printf '\x55\xAA\x55' | dd of="$damaged" bs=1 seek=$((size / 2)) conv=notrunc status=none
verify "$damaged"
expect_status 9
expect '^/.*/damaged\.canon: damaged, ' '^  bytes [0-9]+ to [0-9]+ are damaged; lost in segment 0: '
verify --json "$damaged"
expect_status 9
expect '"result":"damaged",.*"damaged_places":1,"damage":\["bytes '

torn=$work/torn.canon
head -c $((size / 3)) "$same" >"$torn"
verify "$torn"
expect_status 9
expect '^/.*/torn\.canon: damaged, ' '^  bytes .* are a part of a chunk; lost: the frames from [0-9]+ on'

text=$work/text.canon
echo 'no recording at all' >"$text"
verify "$text" "$work/missing.canon"
expect_status 10
expect '^/.*/text\.canon: no recording$' '^  .*is not a recording' '^/.*/missing\.canon: no recording$' '^  .*cannot be opened'

# Of several files the worst, whatever their order.
verify "$text" "$damaged" "$same"
expect_status 10
verify "$same" "$damaged"
expect_status 9
[ "$(grep -cE '^/' "$out")" = 2 ] || fail "not one result for each file:" "$(cat "$out")"

# Names with all that XML cannot hold as it is.
odd="$work/a<b>&\"c'"$'\x01'".canon"
cp "$same" "$odd"
verify --junit "$work/report.xml" "$same" "$odd" "$text"
expect_status 10
python3 - "$work/report.xml" "$same" "$text" <<'PYTHON' || fail "the JUnit report is not as expected:" "$(cat "$work/report.xml")"
import sys
import xml.etree.ElementTree as tree
report, same, text = sys.argv[1:]
suite = tree.parse(report).getroot().find("testsuite")
assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "0"), suite.attrib
cases = suite.findall("testcase")
assert cases[0].get("name") == same and len(cases[0]) == 0 and float(cases[0].get("time")) > 0
assert cases[1].get("name").endswith("a<b>&\"c'\\x01.canon"), cases[1].get("name")
assert cases[2].get("name") == text
failure = cases[2].find("failure")
assert failure.get("type") == "no recording" and "is not a recording" in failure.text
PYTHON
verify --junit "$work/no/such/folder.xml" "$same"
expect_status 1
expect_error '^canon: .*folder\.xml: cannot be opened for writing'

for wrong in 0 -1 many 1025; do
    verify --threads=$wrong "$same"
    expect_status 2
done
verify
expect_status 2

record "$work/long.canon" --frames 20000 --record-actions none
status=0
"$CANON" verify --threads 1 --junit "$work/report.xml" "$work/long.canon" "$work/long.canon" "$work/long.canon" "$work/long.canon" >"$out" 2>"$err" &
run=$!
interrupt "$run"
wait "$run" || status=$?
expect_status 130
expect_error '^canon: interrupted$'
grep -q '<skipped message="interrupted"/>' "$work/report.xml" || fail "the report does not tell what was left out:" "$(cat "$work/report.xml")"
