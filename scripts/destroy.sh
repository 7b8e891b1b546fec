#!/usr/bin/env bash
# Destroys all resources of a function in an AWS account: scripts/destroy.sh <function> [--plan] [--yes]
# Also of a function that was renamed or removed: it needs only its state, and nothing from dist/.
source "$(dirname "${BASH_SOURCE[0]}")/aws-common.sh"

usage="usage: scripts/destroy.sh <function> [--plan] [--yes]"
function='' plan_only=false yes=false
for argument in "$@"; do
    case $argument in
    -h | --help) echo "$usage" && exit 0 ;;
    --plan) plan_only=true ;;
    --yes) yes=true ;;
    -*) die 2 "unknown option $argument"$'\n'"$usage" ;;
    *) function=$argument ;;
    esac
done
[[ -n $function ]] || die 2 "which function?"$'\n'"$usage"

connect
terraform_init nothing "functions/$function.tfstate"
[[ -n $(terraform -chdir=infra/nothing state list) ]] ||
    die 2 "there is no state of $function in $state_bucket; there are: $(aws s3api list-objects-v2 --bucket "$state_bucket" --prefix functions/ --query 'Contents[].Key' --output text | tr '\t' ' ')"

say "what would be destroyed of $function in account $account, region $region"
plan=$TF_DATA_DIR/plan
if $plan_only; then
    terraform_plan nothing "$plan" -lock=false || true
    rm -f "$plan"
    echo "This was a plan: nothing was changed."
    exit 0
fi
if ! terraform_plan nothing "$plan"; then
    confirm "Destroy all this? Callers of live get errors from then on."
    terraform_apply nothing "$plan"
fi
rm -f "$plan"
