#!/usr/bin/env bash
# The functions to deploy, as `functions=[...]` for GITHUB_OUTPUT: the one that a person has named (FUNCTION), or those
# that have changed since the commit before the push (SINCE).
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

case ${FUNCTION:-} in
'') names=$(package changed --since "${SINCE:-}" --json) ;;
all) names=$(package list --json) ;;
*) names="[\"$FUNCTION\"]" ;;
esac
# Before any runner builds.
for function in ${names//[^a-zA-Z0-9_-]/ }; do package check "$function"; done
echo "functions=$names" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
