#!/usr/bin/env bash
# Says for FUNCTION in dist/ what is to be done about it in ENVIRONMENT, as `action=...` for GITHUB_OUTPUT:
#   deploy    it differs from what live serves or is moving to, or a person has asked (ASKED)
#   apply     Terraform would change something else
#   nothing
# Exit code 1: its commit is older than the deployed one, and this is production; or there is nothing to be done, others
# follow this environment, and live does not serve the pair: the next one begins with its promotion.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

tell() { echo "$*" | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"; }
action() {
    echo "action=$1" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
    exit 0
}
if [[ -z ${AWS_REGION:-} ]]; then
    tell "Not deployed: there is no variable AWS_REGION yet. What to set: infra/README.md"
    action nothing
elif [[ -z ${ROLE:-} ]]; then
    tell "Not compared: there is no variable AWS_PLAN_ROLE_ARN. The deploy itself finds out whether there is anything to do"
    action deploy
fi

source scripts/names.sh
environment_names "$ENVIRONMENT"
order=()
in_order || order=(--any-order)
found=$(rollout --json deployed "$FUNCTION" "${order[@]}")
field() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$found" "$1"; }
tell "$FUNCTION $(field reason)"
state=$(field state)
[[ ${ASKED:-} != true ]] || action deploy
case $state in
new | changed) action deploy ;;
serves) ;;
*) echo "::warning title=$FUNCTION in $ENVIRONMENT::$FUNCTION $(field reason)" ;;
esac

# What else Terraform would change.
plan=$(mktemp)
scripts/deploy.sh "$FUNCTION" --environment "$ENVIRONMENT" --no-build --plan "${order[@]}" | tee "$plan"
grep -q "^$FUNCTION: nothing to change" "$plan" || action apply
[[ $state == serves ]] || is_last || die 1 "$FUNCTION goes no further than $ENVIRONMENT: it $(field reason)"
action nothing
