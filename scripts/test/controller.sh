#!/usr/bin/env bash
# Rollouts that nobody runs: one is started from a shell that then exits, another by a process that is killed. The
# controller promotes the first, and rolls the second back when its candidate begins to fail. Takes dist/ and the tools as
# they were built; its sandbox lives in a folder of its own.
#
# Exit codes: 0 all of this was seen, 1 something was not, 2 could not run.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

function=$(one_function)
for needed in "dist/$function/function.json" dist/controller/function.json "$tools_bin"/{rollout,sandbox}; do
    [[ -f $needed ]] || die 2 "$needed is missing: run scripts/build.sh --all"
done

work=$(mktemp -d)
run='' traffic=''
cleanup() {
    # shellcheck disable=SC2086 # none, one or two process ids
    kill $run $traffic 2>/dev/null || true
    (cd "$work" && sandbox stop >/dev/null 2>&1) || true
    rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/dist"
cp -R "dist/$function" dist/controller "$work/dist"
cd "$work"
unset AWS_ENDPOINT_URL AWS_PROFILE FUNCTION_PREFIX

sandbox start --port 0 >/dev/null || die 2 "the sandbox does not start"
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL
for applied in controller "$function"; do
    sandbox apply "$applied" >/dev/null || die 2 "$applied cannot be applied"
done
rollout publish "$function" >/dev/null || die 2 "$function cannot be published"
sandbox traffic "$function" --qualifier live --rate 200 --quiet >traffic.txt 2>&1 &
traffic=$!
# As in deploy.sh: the sandbox knows every second what CloudWatch knows every minute.
policy=(--period 1s --metric-delay 1s --no-data-timeout 80s --bake-after 3s)
# An event comes after the change that it tells of.
told() {
    for _ in {1..20}; do
        ! sandbox events | grep -F "$1" || return 0
        sleep 0.5
    done
    sandbox events
    return 1
}

expect 0 'gets 5% of live' "a rollout is started, and its process ends" \
    rollout start "$function" "${policy[@]}" --bake 10s --step-timeout 80s
expect 0 'promoted' "the controller promotes it" rollout watch "$function" --for 5m
expect 0 '"event":"promoted"' "and says so in an event" told '"Rollout promoted"'

expect 0 '' "live goes back" rollout rollback "$function" --to x86_64
rollout retry "$function" "${policy[@]}" --bake 600s >run.txt 2>&1 &
run=$!
for ((second = 0; second < 60; second++)); do
    ! rollout status "$function" | grep -q ' 5% ' || break
    sleep 1
done
kill -KILL "$run" || { cat run.txt && die 1 "NOT ok: the process of the second rollout had ended"; }
wait "$run" 2>/dev/null || true
run=''
expect 0 ' 5% ' "the process of another one is killed at 5%" rollout status "$function"
expect 0 '' "its candidate begins to fail" sandbox fault "$function" arm64:errors=50%
expect 1 'rolled back' "the controller rolls it back" rollout watch "$function" --for 5m
expect 0 'the last rollout was rolled back' "rollout status says so" rollout status "$function"
expect 0 '"event":"rolled_back"' "and so does an event" told '"Rollout rolled back"'

all_as_expected
