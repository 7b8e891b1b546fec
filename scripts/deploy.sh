#!/usr/bin/env bash
# Builds a function, publishes the pair, moves traffic to it, reports.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: scripts/deploy.sh <function> [--environment NAME] [--plan | --no-rollout | --changed-only | --to ARCHITECTURE]
                         [--until PERCENT] [--retry] [--watch DURATION] [--any-order] [--yes] [--no-build]
       scripts/deploy.sh <function> --sandbox [--controller] [--fault SPEC]... [--rate PER-SECOND] [--no-build]

  --environment NAME
                  a file of infra/environments (default: the only one, or production)
  --plan          say what would change on AWS, and change nothing
  --no-rollout    apply and publish on AWS, and leave live as it is
  --changed-only  move live only to a pair that is new: to none that was rolled back or failed its replay, and leave a
                  rollout that is under way
  --retry         also a pair that was rolled back
  --watch DURATION
                  where the account has a controller, look on for so long at most, such as 15m, and leave the rest to it:
                  exit code 0 then too (default: to the end)
  --any-order     also a commit that does not descend from the deployed one
  --to ARCHITECTURE
                  end on this build, arm64 or x86_64 (default: the function's policy)
  --until PERCENT end on this step of the rollout
  --yes           do not ask whether this is the right account
  --sandbox       on this machine, with no AWS account
  --controller    let the controller move the weights, as on AWS: here at a tick a second
  --fault SPEC    rehearse a bad release: arm64:errors=5%, arm64:crash=2%, arm64:latency=50ms, ...; or one whose
                  store fails: 'dynamodb:*:denied=5%@<function>:arm64', ... (sandbox service-fault --help)
  --rate N        the sandbox's traffic per second: invocations (default 200), or scenarios where the
                  function has traffic/ (default 100)
  --no-build      deploy dist/<function> with the tools as they are, for a machine that did not build them

Exit codes: 0 promoted, 1 rolled back or refused, 2 could not run, 3 paused: the weight stays."

function='' sandbox=false controller=false faults=() rate='' build=true aws_flags=()
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --sandbox) sandbox=true ;;
    --controller) controller=true ;;
    --fault) faults+=("${2:?"--fault needs a value"}") && shift ;;
    --plan | --yes | --no-rollout | --changed-only | --retry | --any-order) aws_flags+=("$1") ;;
    --environment | --to | --until | --watch) aws_flags+=("$1" "${2:?"$1 needs a value"}") && shift ;;
    --no-build) build=false ;;
    --rate) rate=${2:?"--rate needs a value"} && shift ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) [[ -z $function ]] || die 2 "one function at a time: $function or $1?"; function=$1 ;;
    esac
    shift
done
[[ -n $function ]] || die 2 "which function?"$'\n'"$usage"
if $sandbox; then
    [[ $system == linux ]] || die 2 "the sandbox runs Lambda's Linux binaries: open the dev container (.devcontainer), or leave out --sandbox"
    ((${#aws_flags[@]} == 0)) || die 2 "${aws_flags[*]} is about AWS: leave it out, or leave out --sandbox"
else
    [[ ${#faults[@]} == 0 && -z $rate && $controller == false ]] || die 2 "--controller, --fault and --rate are the sandbox's: say --sandbox, or leave them out"
fi

if $build; then
    scripts/setup.sh
    steps=6
    ! $sandbox || steps=7
    say "1/$steps the tools, and both builds of $function"
    get_tools
    scripts/build.sh "$function"
    ! $controller || scripts/build.sh controller
fi
built=("$tools_bin/rollout" "dist/$function/function.json")
! $sandbox || built+=("$tools_bin/sandbox")
! $controller || built+=(dist/controller/function.json)
for needed in "${built[@]}"; do
    removed=''
    [[ $needed != "dist/$function/"* ]] || removed=". If $function was renamed or removed: scripts/destroy.sh $function ends what is left of it on AWS"
    [[ -f $needed ]] || die 2 "$needed is missing: leave out --no-build, or bring what was built along$removed"
done

$sandbox || exec scripts/deploy-aws.sh "$function" "${aws_flags[@]}"

say "2/7 sandbox"
unset AWS_ENDPOINT_URL AWS_PROFILE FUNCTION_PREFIX
# On its fixed port, unless a sandbox of another folder has that.
sandbox start 2>/dev/null || sandbox start --port 0
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL
sandbox apply "$function"
sandbox fault "$function" --clear >/dev/null
sandbox service-fault --clear >/dev/null
# With one, rollout leaves the ticks to it.
if $controller; then sandbox apply controller; else sandbox delete controller >/dev/null; fi

say "3/7 check, publish"
rollout publish "$function"
# Again: a trigger needs `live`, which the first publish makes.
sandbox apply "$function"

say "4/7 replay the sample events on both builds"
rollout replay "$function"

# After the replay: this rehearses a release that looks good until it gets traffic.
if ((${#faults[@]})); then
    # From build to build of one pair: a fault of a build hits every version of its architecture.
    rollout rollback "$function" --to x86_64
    for fault in "${faults[@]}"; do
        case $fault in
        arm64:* | x86_64:*) sandbox fault "$function" "$fault" ;;
        *) sandbox service-fault "$fault" ;;
        esac
    done
fi

unit=invocations default_rate=200
[[ ! -d dist/$function/traffic ]] || unit=scenarios default_rate=100
rate=${rate:-$default_rate}
say "5/7 traffic on live: $rate $unit a second"
traffic_log=$root/.sandbox/traffic.log
sandbox traffic "$function" --qualifier live --rate "$rate" --quiet >"$traffic_log" 2>&1 &
traffic=$!
trap 'kill "$traffic" 2>/dev/null || true' EXIT

say "6/7 rollout"
# A sandbox knows every second what CloudWatch knows every minute, so steps can be short: ten periods, since no proof
# takes fewer than six. A slow machine gets 80 s for the samples of each. A rehearsal may be repeated: where the newest
# pair already serves, live goes back to x86_64 for the same move once more, and a candidate that was rolled back is tried
# again.
policy=(--period 1s --metric-delay 1s --bake 10s --step-timeout 80s --no-data-timeout 80s --bake-after 3s)
! rollout retry "$function" "${policy[@]}" --dry-run --json | grep -q '"moves":\[\]' || rollout rollback "$function" --to x86_64
outcome=0
rollout retry "$function" "${policy[@]}" || outcome=$?
kill "$traffic" 2>/dev/null || true
wait "$traffic" || true
cat "$traffic_log"

say "7/7 report"
((outcome == 2)) || rollout report "$function" --period 1s --html "dist/$function/report.html"
cat <<END

The sandbox goes on at $AWS_ENDPOINT_URL; its logs are in .sandbox/. Look around or end it:
  export PATH=$tools_bin:\$PATH
  rollout --endpoint-url $AWS_ENDPOINT_URL status $function
  sandbox stop
END
exit "$outcome"
