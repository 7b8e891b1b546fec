#!/usr/bin/env bash
# The part of scripts/deploy.sh on AWS, for a function that is built: Terraform and publish, replay, rollout, report.
# Called by it, with its flags.
source "$(dirname "${BASH_SOURCE[0]}")/aws-common.sh"

function=$1 environment='' plan_only=false yes=false move=true changed_only=false order=() start='' run=() watch=
shift
while (($#)); do
    case $1 in
    --plan) plan_only=true ;;
    --yes) yes=true ;;
    --no-rollout) move=false ;;
    --changed-only) changed_only=true ;;
    --retry) start=retry ;;
    --any-order) order=("$1") ;;
    --environment) environment=$2 && shift ;;
    --watch) watch=$2 && shift ;;
    --to | --until) run+=("$1" "$2") && shift ;;
    *) die 2 "unknown option $1" ;;
    esac
    shift
done

# First of all: files that Terraform writes must not count as changes of the tree.
commit=$(current_commit)
connect "$environment"
rollout deployed "$function" "${order[@]}"
say "2/6 what Terraform would change of $prefix in account $account, region $region"
terraform_init function "functions/$function.tfstate"
flags=("${variables[@]}" -var "name=$function" -var "dist=$root/dist" -var "commit=$commit" -var "rollout=${ROLLOUT:-$tools_bin/rollout}")
# Terraform does not know what `rollout publish` has made: when the alias of a build is missing, publish again.
aliases=$(aws lambda list-aliases --function-name "$prefix-$function" --query 'Aliases[].Name' --output text 2>/dev/null || true)
[[ $aliases == *arm64* && $aliases == *x86_64* ]] || flags+=(-replace=module.function.terraform_data.publish)
# Without the lock, which is an object in the state's bucket: a plan writes nothing.
! $plan_only || flags+=(-lock=false)
plan=$TF_DATA_DIR/plan changes=false
terraform_plan function "$plan" "${flags[@]}" || changes=true
if $changes; then
    # An older commit must not undo it: also where its builds are what live serves.
    rollout deployed "$function" --before-apply "${order[@]}" >/dev/null
else
    echo "$function: nothing to change"
fi
if $plan_only; then
    rm -f "$plan"
    echo "This was a plan: nothing was changed. scripts/deploy.sh $function does it, replays the sample events, and moves live."
    exit 0
fi
if $changes; then
    question="Do this?"
    ! $move || question="Do this, and then move live of $function?"
    confirm "$question"
    say "3/6 apply, publish"
    terraform_apply function "$plan"
else
    ! $move || confirm "Move live of $function?"
fi
rm -f "$plan"
rollout applied "$function"

if ! $move; then
    echo "$function: live is as it was; rollout run $function moves it"
    exit 0
fi

controller=false
! aws lambda get-alias --function-name "$prefix-controller" --name live >/dev/null 2>&1 || controller=true
# What $LATEST has now is what the newest pair must have.
found=$(rollout --json deployed "$function" --applied --any-order)
case $found in
*'"state":"serves"'*)
    if ((${#run[@]} == 0)); then
        # Ends at once, or watches what was promoted a moment ago.
        $changed_only || $controller || rollout run "$function"
        echo "$function: no rollout is needed"
        exit 0
    fi
    ;;
*'"state":"under_way"'* | *'"state":"rolled_back"'* | *'"state":"failed_replay"'*)
    if $changed_only; then
        rollout deployed "$function" --applied --any-order
        exit 0
    fi
    ;;
esac

say "4/6 replay the sample events on both builds"
rollout replay "$function"

say "5/6 rollout"
outcome=0 goes_on=false
if $controller; then
    echo "The controller moves the weight from here on. Leaving (Ctrl-C) changes nothing: rollout watch $function looks on again"
    rollout start "$function" ${start:+--retry} "${run[@]}" && rollout watch "$function" ${watch:+--for "$watch"} || outcome=$?
    [[ $outcome != 3 || -z $watch ]] || goes_on=true
else
    rollout "${start:-run}" "$function" "${run[@]}" || outcome=$?
fi

say "6/6 report"
if ((outcome != 2)); then
    rollout report "$function"
    # The report stays with the run of the workflow.
    [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || rollout report "$function" --markdown >>"$GITHUB_STEP_SUMMARY"
fi
$goes_on || exit "$outcome"
if rollout --json status "$function" | grep -q '"paused":true'; then
    echo "${GITHUB_ACTIONS:+::warning title=Paused::}$function: the rollout is paused: rollout resume, promote or abort $function"
else
    echo "$function: the rollout goes on by itself"
fi
