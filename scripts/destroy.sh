#!/usr/bin/env bash
# Destroys all resources of a function in an environment, also of a function that was renamed or removed: it needs only its
# state, and nothing from dist/. Or the platform, when no function is left.
source "$(dirname "${BASH_SOURCE[0]}")/aws-common.sh"

usage="usage: scripts/destroy.sh <function> | --platform [--environment NAME] [--plan] [--yes]

Log groups stay: what happened is known as long as log_retention_days says."
function='' platform=false environment='' plan_only=false yes=false
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --environment) environment=${2:?"--environment needs a name"} && shift ;;
    --platform) platform=true ;;
    --plan) plan_only=true ;;
    --yes) yes=true ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) function=$1 ;;
    esac
    shift
done
[[ -n $function || $platform == true ]] || die 2 "which function?"$'\n'"$usage"

connect "$environment"
what=$function question="Destroy all this? Callers of live get errors from then on."
if $platform; then
    what="the platform" question="Destroy all this, with the data in the tables and queues?"
    left=$(aws lambda list-functions --query "Functions[?starts_with(FunctionName, '$FUNCTION_PREFIX') && FunctionName != '${FUNCTION_PREFIX}controller'].FunctionName" --output text)
    [[ -z $left ]] || die 2 "these functions need the platform: ${left//$'\t'/, }. Destroy them first"
    # The bucket of the state goes as well, so the state first comes from there into a file. A run that ends between the
    # bucket's end and its own leaves the file for the next one; as long as the bucket has a state, only that one is true.
    state_file=infra/nothing/$prefix.tfstate copied=false
    if answer=$(aws s3api head-object --bucket "$state_bucket" --key platform.tfstate 2>&1); then
        rm -f "$state_file" "$state_file.backup"
        terraform_init nothing platform.tfstate
        copied=true
        local_state nothing "$prefix.tfstate" -migrate-state -force-copy
    else
        # Only "not found" may fall back: not a missing right, another account's bucket, or no network.
        [[ $answer == *"(404)"* ]] || die 2 "it cannot be told whether $state_bucket has the platform's state: ${answer##*$'\n'}"
        [[ -s $state_file ]] || die 2 "there is no platform $prefix in account $account: $state_bucket has no state of it"
        export TF_DATA_DIR=$terraform_folder/$environment/platform
        local_state nothing "$prefix.tfstate" -reconfigure
    fi
    # Until something is destroyed the bucket has it all.
    trap 'rm -f "$override"; ! $copied || rm -f "$state_file" "$state_file.backup"' EXIT
    # Other projects of the account may use GitHub's identity provider.
    terraform -chdir=infra/nothing state rm 'module.platform.aws_iam_openid_connect_provider.github[0]' >/dev/null 2>&1 || true
else
    terraform_init nothing "functions/$function.tfstate"
    [[ -n $(terraform -chdir=infra/nothing state list) ]] ||
        die 2 "there is no state of $function in $state_bucket; there are: $(aws s3api list-objects-v2 --bucket "$state_bucket" --prefix functions/ --query 'Contents[].Key' --output text | tr '\t' ' ')"
fi

say "what would be destroyed of $what of $prefix in account $account, region $region"
plan=$TF_DATA_DIR/plan
if $plan_only; then
    terraform_plan nothing "$plan" -lock=false || true
    rm -f "$plan"
    echo "This was a plan: nothing was changed."
    exit 0
fi
if ! terraform_plan nothing "$plan"; then
    confirm "$question"
    copied=false
    terraform_apply nothing "$plan"
fi
rm -f "$plan" ${state_file:+"$state_file" "$state_file.backup"}
