#!/usr/bin/env bash
# Two recordings part at a frame, a job, a line, an action, a field; canon diff names them all, for people and as JSON.
. "$(dirname "$0")/common.sh"

program <<'EOF'
template("unit", { hp = 100 })
function on_start() for i = 1, 5 do engine.spawn_entity("unit") end end
function on_frame(frame) engine.submit_each("act", "unit") end
function jobs.act(id)
    engine.add(id, "hp", engine.frame() == 30 and id == 3 and -2 or -1)
end
EOF
record() { "$CANON" record "$work/program" --quiet -o "$work/$1" "${@:2}" || fail "canon record failed"; }
compare() { out=$work/out err=$work/err status=0; "$CANON" diff "$@" >"$out" 2>"$err" || status=$?; }

record a --frames 60 --workers 1
record same --frames 60 --workers 3
record longer --frames 61
sed -i 's/-2 or/-7 or/' "$work/program/main.lua"
record b --frames 60
compare "$work/a" "$work/same"
expect_status 0
expect '^no frame differs: 60 frames$'
compare "$work/a" "$work/longer"
expect_status 4
expect 'A ends earlier$'
compare "$work/a" "$work/b"
expect_status 4
expect '^program: [0-9a-f]{16} / [0-9a-f]{16}$' '^frame 30 is the first that differs: actions$' \
    '^  job 0:2 of jobs.act \(main.lua:4\)$' '^  action 0$' \
    '^  A: \{"action":"add","entity":3,"field":"hp","value":-2\}$' '^  B: \{.*"value":-7\}$' '^  unit 3 \.hp: 69 / 64$'
refuse 'unit 2'
compare "$work/a" "$work/b" --json
expect '"frame":30,"what":"actions"' '\{"path":"unit 3 \.hp","a":"69","b":"64"\}'

# What came from outside is told before what came of it.
cat >"$work/inputs" <<'EOF'
{"frame": 7, "source": 1, "data": {"kind": "wave"}}
EOF
record inputs --frames 60 --inputs "$work/inputs"
compare "$work/b" "$work/inputs"
expect_status 4
expect '^frame 7 is the first that differs: inputs$' '^  A: none$' '^  B: source 1, sequence 0: \{"kind":"wave"\}$'

compare "$work/a" "$work/program/main.lua"
expect_status 10
expect_error '^canon: .*main.lua'
