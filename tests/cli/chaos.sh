#!/usr/bin/env bash
# --chaos runs a program beside itself under hostile circumstances: samples are the same, a program that depends on the circumstances
# is found with code 4, the frame and the field, and the seed that is told shows it again.
. "$(dirname "$0")/common.sh"
cd "$root" || exit 1

for sample in samples/*/main.lua; do
    sample=$(dirname "$sample")
    if [ -e "$sample/main.cpp" ]; then continue; fi
    for seed in 1 2; do
        "$CANON" run "$sample" --frames 12 --chaos $seed >"$work/out" 2>"$work/err" || fail "$sample, chaos seed $seed:" "$(tail -n 5 "$work/err")"
        [ "$(tail -n 1 "$work/out")" = "chaos seed $seed: same" ] || fail "$sample, chaos seed $seed, ends with: $(tail -n 1 "$work/out")"
    done
done
out=$work/out
head -n 1 "$out" | grep -q 'chaos seed 2' || fail "the head of the table does not tell the seed: $(head -n 1 "$out")"

program <<'LUA'
function on_start() print("started") end
LUA
for arguments in '--chaos' '--chaos random'; do
    # shellcheck disable=SC2086
    run_once --frames 2 $arguments
    expect_status 0
    expect '^chaos seed [1-9][0-9]*: same$'
done
run_once --frames 2 --json --chaos 77
expect_status 0
expect '^\{"frame":2,' '^\{"chaos":\{"seed":"77","same":true,"frame":2\}\}$'
for wrong in 0 -1 many 18446744073709551616; do
    run_once --frames 2 --chaos=$wrong
    expect_status 2
    expect_error "^canon: --chaos $wrong: expected a whole number from 1 to 18446744073709551615, or random"
done

# What is stored from frame 3 on follows from where tables grow, which no build of Lua promises.
program <<'LUA'
singleton("probe", { border = 0 })
local function border()
    local t = {}
    for k = 1, 12 do t["key" .. math.random(1000)] = k end
    for k in pairs(t) do t[k] = nil end
    for k = 0, 3 do t[1 << k] = k end
    for k = 1, 6 do t["key" .. math.random(1000)] = k t[math.random(40)] = k end
    return #t
end
function on_frame(frame)
    if frame < 3 then return end
    local sum = 0
    for i = 1, 100 do sum = (sum * 7 + border()) % 1000003 end
    engine.set("probe", "border", sum)
end
LUA
found=0
for seed in 1 2 3; do
    run_once --frames 6 --chaos $seed
    if [ "$status" = 0 ]; then continue; fi
    expect_status 4
    expect_error "^canon: chaos seed $seed: frame [3-6] differs: state hash [0-9a-f]{16}, in chaos [0-9a-f]{16}$" \
        '^  without chaos  probe .*border: [0-9]+$' '^  in chaos       probe .*border: [0-9]+$' "--chaos $seed shows it again"
    refuse 'same'
    cp "$err" "$work/first"
    run_once --frames 6 --chaos $seed
    expect_status 4
    cmp -s "$err" "$work/first" || fail "seed $seed tells something else the second time" "$(diff "$err" "$work/first")"
    run_once --frames 6 --json --chaos $seed
    expect_status 4
    expect "^\{\"chaos\":\{\"seed\":\"$seed\",\"same\":false,\"frame\":[3-6],\"difference\":\"state hash "
    found=$((found + 1))
done
[ $found -gt 0 ] || fail "no seed finds a program that depends on the border of a list with holes"
