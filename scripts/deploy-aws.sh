#!/usr/bin/env bash
# The part of scripts/deploy.sh on AWS, for a function that is built: Terraform and publish, replay, rollout, report.
# Called by it, with its flags.
source "$(dirname "${BASH_SOURCE[0]}")/aws-common.sh"

function=$1 environment='' plan_only=false yes=false move=true run=()
shift
while (($#)); do
    case $1 in
    --plan) plan_only=true ;;
    --yes) yes=true ;;
    --no-rollout) move=false ;;
    --environment) environment=$2 && shift ;;
    --to | --until) run+=("$1" "$2") && shift ;;
    *) die 2 "unknown option $1" ;;
    esac
    shift
done

# First of all: files that Terraform writes must not count as changes of the tree.
commit=$(current_commit)
connect "$environment"
say "2/6 what Terraform would change of $prefix in account $account, region $region"
terraform_init function "functions/$function.tfstate"
flags=("${variables[@]}" -var "name=$function" -var "dist=$root/dist" -var "commit=$commit" -var "rollout=${ROLLOUT:-$tools_bin/rollout}")
# Terraform does not know what `rollout publish` has made: when the alias of a build is missing, publish again.
for architecture in x86_64 arm64; do
    aws lambda get-alias --function-name "$prefix-$function" --name "$architecture" >/dev/null 2>&1 || flags+=(-replace=module.function.terraform_data.publish)
done
plan=$TF_DATA_DIR/plan
if $plan_only; then
    # Without the lock, which is an object in the state's bucket: a plan writes nothing.
    terraform_plan function "$plan" "${flags[@]}" -lock=false || true
    rm -f "$plan"
    echo "This was a plan: nothing was changed. scripts/deploy.sh $function does it, replays the sample events, and moves live."
    exit 0
fi
if terraform_plan function "$plan" "${flags[@]}"; then
    echo "$function: nothing to change"
    ! $move || confirm "Move live of $function?"
else
    question="Do this?"
    ! $move || question="Do this, and then move live of $function?"
    confirm "$question"
    say "3/6 apply, publish"
    terraform_apply function "$plan"
fi
rm -f "$plan"

if ! $move; then
    echo "$function: live is as it was; rollout run $function moves it"
    exit 0
fi

say "4/6 replay the sample events on both builds"
rollout replay "$function"

say "5/6 rollout"
outcome=0
rollout run "$function" "${run[@]}" || outcome=$?

say "6/6 report"
if ((outcome != 2)); then
    rollout report "$function"
    # The report stays with the run of the workflow.
    [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || rollout report "$function" --markdown >>"$GITHUB_STEP_SUMMARY"
fi
exit "$outcome"
