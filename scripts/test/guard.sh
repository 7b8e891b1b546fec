#!/usr/bin/env bash
# A rollout whose controller has died is still guarded: rollout run is killed, the candidate begins
# to fail, its alarm goes off, and the function guard takes the weight back. Takes dist/ and the tools
# as they were built; its sandbox lives in a folder of its own.
#
# Exit codes: 0 all of this was seen, 1 something was not, 2 could not run.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ ! -d functions/guard ]]; then
    echo "SKIPPED: this project has no function guard any more"
    exit 0
fi
guarded=$(one_function)
for needed in "dist/$guarded/function.json" dist/guard/function.json "$tools_bin"/{rollout,sandbox}; do
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
cp -R "dist/$guarded" dist/guard "$work/dist"
cd "$work"
unset AWS_ENDPOINT_URL AWS_PROFILE

# Shows what a command said and ends.
missed() { # what was expected, file with what was said
    sed 's/^/    | /' "$2"
    die 1 "NOT ok: $1"
}
# Waits until rollout status says something.
status_says() { # pattern, what for
    for ((second = 0; second < 60; second++)); do
        rollout status "$guarded" >status.txt 2>&1 || true
        ! grep -qE -- "$1" status.txt || { echo "  ok: $2 ($second s)" && return; }
        sleep 1
    done
    missed "$2" status.txt
}

# The sandbox knows every second what CloudWatch knows every minute: an alarm on 10 s instead of 300.
sed -i 's/"period_s": 300/"period_s": 10/' "dist/$guarded/function.json"
sandbox start --port 0 >/dev/null || die 2 "the sandbox does not start"
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL
for function in guard "$guarded"; do
    sandbox apply "$function" >/dev/null || die 2 "$function cannot be applied"
    rollout publish "$function" >/dev/null || die 2 "$function cannot be published"
done
sandbox traffic "$guarded" --qualifier live --rate 200 --quiet >traffic.txt 2>&1 &
traffic=$!

rollout run "$guarded" --period 1s --metric-delay 1s --bake 600s >run.txt 2>&1 &
run=$!
status_says ' 5% ' "the candidate has 5% of live"
kill -KILL "$run"
wait "$run" 2>/dev/null || true
run=''
grep -q "alarm $guarded-live-candidate is armed" run.txt || missed "the run has armed the alarm" run.txt
status_says "^alarm $guarded-live-candidate: OK" "with the controller dead, the alarm is still armed, and calm"

sandbox fault "$guarded" arm64:errors=50% >/dev/null
status_says '^guard has rolled back the last rollout' "the candidate fails, and guard has rolled back"
grep -q '^no rollout is under way' status.txt || missed "no rollout is under way" status.txt
grep -rqh 'rolled back' .sandbox/logs/guard || die 1 "NOT ok: guard's log says nothing of it"
echo "  ok: guard's log says so"

sandbox fault "$guarded" --clear >/dev/null
# Until the alarm that the next run arms no longer sees the failures.
sleep 11
rollout retry "$guarded" --period 1s --metric-delay 1s --bake 2s --bake-after 0s >run.txt 2>&1 ||
    missed "the next run promotes the candidate" run.txt
grep -q 'guard has rolled back the last rollout' run.txt || missed "the next run says what guard did" run.txt
echo "  ok: the next run says what guard did, and promotes the candidate"
! rollout status "$guarded" | grep '^alarm' || die 1 "NOT ok: the alarm is armed after the end"
echo "  ok: the alarm is disarmed at the end"
