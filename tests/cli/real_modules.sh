#!/usr/bin/env bash
# Well-known Lua modules, as Debian's packages install them, run unchanged in a program, or are refused with an error that
# says what strict Lua lacks. Method: each file of tests/modules is a workout of one of them; what its head says must happen,
# with 1 and 3 workers alike, and docs/MODULES.md must say the same.
. "$(dirname "$0")/common.sh"
lua_files=/usr/share/lua
page=$root/docs/MODULES.md

# head_line NAME FILE: what the line "-- NAME: ..." says.
head_line() { sed -n "s/^-- $1: //p" "$2"; }

# copy_module MODULE FOLDER: the file or the folder of it, from the newest version of Lua that has it.
copy_module() {
    local version found=""
    for version in 5.4 5.3 5.2 5.1; do
        local file=$lua_files/$version/$1.lua folder=$lua_files/$version/$1
        if [ -e "$file" ]; then cp -L "$file" "$2/" && found=1; fi
        if [ -d "$folder" ]; then cp -rL "$folder" "$2/" && found=1; fi
        if [ -n "$found" ]; then return 0; fi
    done
    return 1
}

# run_workout WORKERS: leaves the output and the errors beside the program.
run_workout() {
    code=0
    "$CANON" run "$work/program" --frames 2 --workers "$1" --json >"$work/out.$1" 2>"$work/err.$1" || code=$?
}

check_runs() {
    local workers
    for workers in 1 3; do
        run_workout $workers
        [ "$code" = 0 ] || fail "$name, $workers workers: exit code $code" "$(head -n 3 "$work/err.$workers")"
    done
    cmp -s "$work/out.1" "$work/out.3" || fail "$name: 3 workers give something else than 1" "$(diff "$work/out.1" "$work/out.3" | cut -c 1-300)"
    if grep -q '"faults": *\[{' "$work/out.1"; then fail "$name: a fault" "$(grep -oE '"message": *"[^"]*"' "$work/out.1" | head -n 1)"; fi
    local checks
    checks=$(grep -oE 'at least [0-9]+ checks' "$work/out.1" | tail -n 1 | grep -oE '[0-9]+')
    [ "${checks:-0}" -ge 5 ] || fail "$name: a workout makes at least 5 checks, not ${checks:-0}"
}

check_refused() {
    local error workers
    error=$(head_line Error "$workout")
    [ -n "$error" ] || fail "$name: no line '-- Error: ...'"
    for workers in 1 3; do
        run_workout $workers
        [ "$code" = 3 ] || fail "$name, $workers workers: exit code $code, expected 3"
        grep -qF -- "$error" "$work/err.$workers" || fail "$name: the error does not say: $error" "$(head -n 3 "$work/err.$workers")"
    done
}

check_page() {
    local row="| \`$module\` | $package | $outcome | ${lacks:-} |"
    grep -qxF -- "$row" "$page" || fail "docs/MODULES.md has no such row:" "$row"
}

for workout in "$root"/tests/modules/*.lua; do
    name=$(basename "$workout" .lua)
    module=$(head_line Module "$workout") package=$(head_line Package "$workout")
    outcome=$(head_line Outcome "$workout") lacks=$(head_line Lacks "$workout")
    rm -rf "$work/program"
    cp -r "$root/tests/modules/driver" "$work/program"
    cp "$workout" "$work/program/workout.lua"
    while IFS= read -r also; do printf "%s\n" "${also#*: }" >"$work/program/${also%%: *}"; done < <(head_line Also "$workout")
    for needed in $module $(head_line With "$workout"); do
        copy_module "$needed" "$work/program" || fail "$name: no module '$needed' below $lua_files; ./dev deps installs it"
    done
    case $outcome in
        runs | "runs with stand-ins") check_runs ;;
        refused) check_refused ;;
        *) fail "$name: the outcome '$outcome' is none of: runs, runs with stand-ins, refused" ;;
    esac
    check_page
done
rows=$(grep -cE '^\| `' "$page")
workouts=$(find "$root/tests/modules" -maxdepth 1 -name '*.lua' | wc -l)
[ "$rows" = "$workouts" ] || fail "docs/MODULES.md lists $rows modules, tests/modules has $workouts workouts"
