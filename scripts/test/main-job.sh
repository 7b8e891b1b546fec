#!/usr/bin/env bash
# The README's main command as a user runs it: for every function a good release and a bad one; for one of them also a
# second run, crashes, a replay that differs, wrong arguments. The sample events of all functions, and of one whose store
# fails. Takes dist/ and the tools as they were built, and works in a folder of its own, beside any sandbox of the user.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

scripts/setup.sh --clients
mapfile -t functions < <(package list)
for needed in "${functions[@]/#/dist/}" dist/controller; do
    [[ -f $needed/function.json ]] || die 2 "$needed is missing: run scripts/build.sh ${needed#dist/}"
done

main=$(one_function)

work=$(mktemp -d)
export TOOLS_BIN=$tools_bin
cleanup() { (cd "$work" && sandbox stop >/dev/null 2>&1) || true; rm -rf "$work"; }
trap cleanup EXIT
cp -R scripts dist "$work"
cd "$work"

live() { # prints what live routes to, from the AWS API
    AWS_ENDPOINT_URL=$(sandbox status | sed -n "1s/ .*//p") AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \
        AWS_DEFAULT_REGION=us-east-1 aws lambda get-alias --function-name "$main" --name live \
        --query '[FunctionVersion, RoutingConfig.AdditionalVersionWeights]' --output json | tr -d ' \n'
}

expect 2 'which function' "no function is a usage error" scripts/deploy.sh --sandbox
expect 2 'there is no function "nothing": functions/ has' "an unknown function is named, with those that exist" \
    "$root/scripts/deploy.sh" nothing --sandbox
expect 0 'promoted' "a good pair is promoted to 100%" scripts/deploy.sh "$main" --sandbox --no-build
expect 0 '^\["2",(\{\}|null)\]$' "live serves the arm64 build alone" live
expect 0 'nothing to publish' "the same again, moved by the controller, publishes nothing" \
    scripts/deploy.sh "$main" --sandbox --controller --no-build
expect 0 '"Rollout started"' "the controller says so in an event" sandbox events
expect 1 'arm64 .* fails .* of its invocations' "5% errors on arm64 are rolled back, with the numbers" \
    scripts/deploy.sh "$main" --sandbox --no-build --fault arm64:errors=5%
expect 0 '^\["1",(\{\}|null)\]$' "live serves the baseline alone" live
expect 1 'arm64 .* fails .* of its invocations' "2% crashes on arm64 are rolled back by the controller, with the numbers" \
    scripts/deploy.sh "$main" --sandbox --controller --no-build --fault arm64:crash=2%
expect 0 '^\["1",(\{\}|null)\]$' "live serves the baseline alone again" live

# with tools/
# Builds whose answers differ: nothing may differ any more, and the architecture does.
# Only hasher's answers name it.
if [[ $main == hasher ]]; then
    sed -i 's|"/architecture",||' dist/hasher/function.json
    expect 1 '/architecture' "a replay that differs stops before any traffic" scripts/deploy.sh hasher --sandbox --no-build
    expect 0 '^\["1",(\{\}|null)\]$' "live was not touched" live
fi

# end of with tools/
# The sample events, without a rollout. (The one above has faults by now.)
for function in "${functions[@]}"; do
    [[ $function != "$main" ]] || continue
    expect 0 'alike to all' "$function: both builds answer the sample events as expected" sandbox test "$function"
done

# with tools/
rollout_here() { rollout --endpoint-url "$(sandbox_url)" "$@"; }

# With its store failing, both builds of http-api answer alike: only the expected answers tell.
if [[ -d dist/http-api ]]; then
    expect 0 'published version' "http-api is published" rollout_here publish http-api
    expect 0 'and as expected' "http-api passes the replay" rollout_here replay http-api
    expect 0 'dynamodb' "its store refuses every read" sandbox service-fault 'dynamodb:GetItem:errors=100%'
    expect 1 'expected  404' "the replay stops it, and shows what was expected" rollout_here replay http-api
    expect 1 'expected  404' "and so does sandbox test" sandbox test http-api
    expect 0 'no faults' "its store works again" sandbox service-fault --clear
fi

# end of with tools/
# The other functions, each with the traffic that fits it.
for function in "${functions[@]}"; do
    [[ $function != "$main" ]] || continue
    # The README's commands promote them (scripts/test/documents.sh).
    fault=arm64:errors=5% found='fails .* of its invocations'
    # An answer with status 500 is no error of an invocation.
    [[ $function != http-api ]] || fault='dynamodb:*:denied=5%@http-api:arm64' found='counts .* server errors'
    expect 1 "arm64 .* $found" "$function: 5% errors on arm64 are rolled back, with the numbers" \
        scripts/deploy.sh "$function" --sandbox --no-build --fault "$fault"
done

# with tools/
# A whole release at AWS's pace: changes of functions take their time, metrics come by the minute (here of 5 s), a minute
# late, without zeros, and an invocation that two minutes share comes with the second: so a period is settled after 10 s.
realistic() {
    rollout_here "${1:-run}" "$main" --steps 50,100 --period 5s --metric-delay 12s --bake 10s --min-samples 50 \
        --no-data-timeout 60s --bake-after 0s
}
sandbox stop >/dev/null
rm -rf dist
cp -R "$root/dist" .
expect 0 'ready' "a realistic sandbox starts" \
    sandbox start --port 0 --realistic --sparse-metrics --metrics-minute 5
expect 0 'created' "it has $main" sandbox apply "$main"
expect 0 'published version' "which is published there" rollout_here publish "$main"
expect 0 '' "and gets its trigger" sandbox apply "$main"
expect 0 'alike to all' "and passes the replay" rollout_here replay "$main"
sandbox traffic "$main" --qualifier live --rate 50 --quiet >/dev/null 2>&1 &
traffic=$!
expect 0 'promoted' "a good pair is promoted by realistic metrics" realistic
expect 0 '' "live goes back" rollout_here rollback "$main" --to x86_64
expect 1 'version 2 of .* was rolled back' "and is not started again by itself" realistic
expect 0 'errors=80%' "arm64 fails grossly now" sandbox fault "$main" arm64:errors=80%
expect 1 '(the circuit breaker has opened .* arm64 .* in two periods in a row|the alarm hasher-live-candidate went off)' \
    "and is rolled back by realistic metrics, with the numbers" realistic retry
kill "$traffic" 2>/dev/null || true
wait "$traffic" || true

# end of with tools/
all_as_expected
