#!/usr/bin/env bash
# Says for FUNCTION in dist/ what is to be done about it in ENVIRONMENT, as `action=...` for GITHUB_OUTPUT:
#   deploy    it differs from what live serves or is moving to, or a person has asked (ASKED)
#   apply     Terraform would change something else
#   nothing
# Exit code 1: its commit is older than the deployed one, and this is production.
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

environment=()
if [[ -f scripts/names.sh ]]; then
    # What functions are called there.
    # shellcheck source=/dev/null
    source scripts/names.sh
    environment_names "$ENVIRONMENT"
    environment=(--environment "$ENVIRONMENT")
fi
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
scripts/deploy.sh "$FUNCTION" "${environment[@]}" --no-build --plan --any-order | tee "$plan"
! grep -q "^$FUNCTION: nothing to change" "$plan" || action nothing
action apply
