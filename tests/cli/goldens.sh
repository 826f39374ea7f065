#!/usr/bin/env bash
# Each sample gives its golden hash with 1, 2, 3 and 8 workers, each golden tells why it is as it is, and each sample has one.
. "$(dirname "$0")/common.sh"
cd "$root" || exit 1
goldens=tests/goldens.txt
hosts=${CANON_BIN:-$(dirname "$CANON")}/samples

# check PROGRAM FRAMES SEED HASH [OPTION...]
check() {
    local tool=("$CANON" run "$1")
    if [ -e "$1/main.cpp" ]; then tool=("$hosts/$(basename "$1")"); fi
    local workers
    for workers in ${CANON_GOLDEN_WORKERS:-1 2 3 8}; do
        "${tool[@]}" --frames "$2" --seed "$3" --expect-hash "$4" --workers "$workers" "${@:5}" >"$work/out" 2>"$work/err" ||
            fail "$goldens: $1, seed $3, $workers workers: frame $2 has not the hash $4:" "$(tail -n 2 "$work/out" "$work/err")"
    done
}

reason=""
while IFS= read -r line; do
    case $line in
        '# why: '?*) reason=$line ;;
        '' | '#'*) ;;
        *)
            [ -n "$reason" ] || fail "$goldens: no line '# why: ...' before: $line"
            read -ra words <<<"$line"
            check "${words[@]}"
            reason=""
            ;;
    esac
done <"$goldens"

for sample in samples/*/; do
    if [ -e "$sample/output.txt" ]; then continue; fi  # see hosts.sh
    grep -q "^${sample%/} " "$goldens" || fail "$goldens has no line for ${sample%/}"
done

# Against the last two commits: a hash that changed needs another reason. Without git or its history there is nothing to compare.
entries() { awk '/^# why: / { reason = $0 } /^[^#]/ { key = $1; for (i = 2; i <= NF; i++) if (i != 4) key = key " " $i; print key "|" $4 "|" reason }'; }
for commit in HEAD HEAD~1; do
    git show "$commit:$goldens" >"$work/before" 2>/dev/null || continue
    while IFS='|' read -r key hash why; do
        now=$(entries <"$goldens" | grep -F "$key|" | head -n 1)
        [ -z "$now" ] || [ "${now#"$key|"}" = "$hash|$why" ] || [ "${now##*|}" != "$why" ] ||
            fail "$goldens: $key has another hash than in $commit, but the same reason"
    done < <(entries <"$work/before")
done
