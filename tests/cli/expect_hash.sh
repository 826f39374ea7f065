#!/usr/bin/env bash
# --expect-hash passes with the hash of the last frame, fails with code 4 and both hashes otherwise; seed and config change it.
. "$(dirname "$0")/common.sh"

program <<'LUA'
template("spark", { heat = 0 })
function on_start(config) for _ = 1, config.sparks do engine.spawn_entity("spark", { heat = math.random(1000) }) end end
function on_frame() engine.submit_each("glow", "spark") end
function jobs.glow(id) engine.add(id, "heat", math.random(10)) end
LUA
run_everywhere --frames 5 --config sparks=20
expect_status 0
hash=$(tail -n 1 "$out" | sed -E 's/^\{"frame":5,"hash":"([0-9a-f]{16})".*/\1/')
[ ${#hash} = 16 ] || fail "the last line has no hash: $hash"

for form in "$hash" "0x$hash" "${hash^^}"; do
    run_once --frames 5 --config sparks=20 --expect-hash "$form"
    expect_status 0
done
for other in '--frames 6 --config sparks=20' '--frames 5 --config sparks=21' '--frames 5 --config sparks=20 --seed 2'; do
    # shellcheck disable=SC2086
    run_once $other --expect-hash "$hash"
    expect_status 4
    expect_error "^canon: the state hash after frame [56] is [0-9a-f]{16}, but $hash was expected$"
    tail -n 1 "$out" | grep -q "$hash" && fail "other settings gave the same hash: $other"
done
exit 0
