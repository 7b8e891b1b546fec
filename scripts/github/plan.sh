#!/usr/bin/env bash
# Plans every function in dist/ in each environment, and writes what would change to the job's summary: in those of
# ENVIRONMENTS, or in all of infra/environments. On GitHub each with the environment's own role, which the platform has made
# (infra/modules/platform/github.tf); its account is that of the environment's file, or else of AWS_PLAN_ROLE_ARN.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source scripts/names.sh

# take_role: exports credentials of the plan role of $prefix.
take_role() {
    local role token answer account
    : "${AWS_PLAN_ROLE_ARN:?the repository has no variable AWS_PLAN_ROLE_ARN: infra/README.md}"
    account=$(environment_key account_id)
    role=$(sed -E "s|^(arn:[a-z-]+:iam::)([0-9]+):.*|\1${account:-\2}:role/$prefix-github-plan|" <<<"$AWS_PLAN_ROLE_ARN")
    token=$(curl --silent --show-error --fail --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["value"])') || die 2 "GitHub gives no token: the job needs the permission id-token: write"
    answer=$(aws sts assume-role-with-web-identity --no-sign-request --role-arn "$role" --role-session-name plan --web-identity-token "$token" \
        --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text) ||
        die 2 "the role $role cannot be taken, see above: scripts/platform.sh --environment $environment makes it"
    read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<<"$answer"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
}

# plan_all ENVIRONMENT: four functions at a time, each to a file of its own.
plan_all() (
    environment_names "$1"
    [[ -z ${ACTIONS_ID_TOKEN_REQUEST_URL:-} ]] || take_role
    export environment
    # shellcheck disable=SC2016 # for the other shells
    printf '%s\n' "${functions[@]}" | xargs -P 4 -I {} bash -c '
        scripts/deploy.sh "$1" --environment "$environment" --plan --any-order --no-build >"$plans/$environment/$1" 2>&1 ||
            touch "$plans/$environment/$1.failed"' plan {}
)

show() { # ENVIRONMENT
    local function
    for function in "${functions[@]}"; do
        if [[ ! -f $plans/$1/$function.failed ]] && grep -qs "^$function: nothing to change" "$plans/$1/$function"; then
            echo "$function in $1: nothing to change"
        elif [[ -f $plans/$1/$function ]]; then
            # shellcheck disable=SC2016 # Markdown
            printf '<details><summary>%s in %s</summary>\n\n```text\n%s\n```\n\n</details>\n' "$function" "$1" "$(<"$plans/$1/$function")"
        fi
    done
}

plans=$(mktemp -d)
export plans
# One plugin for all of them.
export TF_PLUGIN_CACHE_DIR=${TF_PLUGIN_CACHE_DIR:-$root/.terraform/plugins}
mkdir -p "$TF_PLUGIN_CACHE_DIR"
command -v aws >/dev/null || scripts/setup.sh --clients
mapfile -t functions < <(package list)
all=$(cd infra/environments && printf '%s ' *.tfvars)
for environment in ${ENVIRONMENTS:-${all//.tfvars/}}; do
    mkdir "$plans/$environment"
    plan_all "$environment" || touch "$plans/$environment/all.failed"
    show "$environment" | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
done
failed=$(cd "$plans" && compgen -G '*/*.failed') || exit 0
failed=${failed//.failed/}
die 2 "no plan of ${failed//$'\n'/, }, see above"
