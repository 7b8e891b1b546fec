# Sourced: what GitHub shows as deployments of a commit. A job ends before its rollout does, so that the status is not the
# job's: deploy.sh makes the deployment, and rollouts.sh says how it ended. Without GITHUB_REPOSITORY none of this does
# anything, and what GitHub refuses fails no deploy.
# shellcheck shell=bash

# new_deployment: of FUNCTION to ENVIRONMENT at GITHUB_SHA; prints its id.
new_deployment() {
    [[ -n ${GITHUB_REPOSITORY:-} ]] || return 0
    gh api --method POST "repos/$GITHUB_REPOSITORY/deployments" --input - --jq .id <<END_OF_JSON ||
{"ref": "$GITHUB_SHA", "task": "rollout", "environment": "$ENVIRONMENT", "description": "$FUNCTION",
 "payload": {"function": "$FUNCTION", "run": "${GITHUB_RUN_ID:-}"}, "auto_merge": false, "required_contexts": []}
END_OF_JSON
        echo "::warning title=No deployment on GitHub::of $FUNCTION to $ENVIRONMENT, see above" >&2
}

# set_status DEPLOYMENT STATE WHAT
set_status() {
    [[ -n ${GITHUB_REPOSITORY:-} && -n $1 ]] || return 0
    # A success makes no other function's deployment inactive. GitHub takes 140 characters.
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/deployments/$1/statuses" --raw-field "state=$2" --raw-field "description=${3:0:140}" \
        --raw-field "log_url=${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}" --field auto_inactive=false ||
        echo "::warning title=No status of deployment $1 on GitHub::it would be $2: $3" >&2
}

# state_on_github FUNCTION [DIST]: what has become of what was built, as a state of GitHub's and a sentence.
state_on_github() {
    rollout --json --dist "${2:-dist}" deployed "$1" --any-order | python3 -c '
import json, sys
found = json.load(sys.stdin)
states = {"serves": "success", "under_way": "in_progress", "rolled_back": "failure", "failed_replay": "failure"}
# Anything else: a newer release has taken its place.
print(states.get(found["state"], "inactive"), found["reason"])'
}
