#!/usr/bin/env bash
# What there is to deploy, as JSON arrays for GITHUB_OUTPUT: `functions=[...]`, the one that a person has named (FUNCTION) or
# all, and `environments=[...]` in their order (ENVIRONMENTS: names with spaces between them; default: production).
# A rollout that stops at WEIGHT is for one of them.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ -n ${FUNCTION:-} ]]; then
    # Before any runner builds.
    package check "$FUNCTION"
    names="[\"$FUNCTION\"]"
else
    names=$(package list --json)
fi
[[ ${ENVIRONMENTS:=production} =~ ^[A-Za-z0-9_-]+( [A-Za-z0-9_-]+)*$ ]] ||
    die 2 "the variable ENVIRONMENTS is names with one space between them, such as: staging production. It is: $ENVIRONMENTS"
[[ -z ${WEIGHT:-} || $ENVIRONMENTS != *' '* ]] ||
    die 2 "a weight to stop at is for one environment, since the next one begins with the promotion: say which one, of $ENVIRONMENTS"
{
    echo "functions=$names"
    echo "environments=[\"${ENVIRONMENTS// /\",\"}\"]"
} | tee -a "${GITHUB_OUTPUT:-/dev/null}"
