#!/usr/bin/env bash
# What a deploy is about, as `functions=[...]` for GITHUB_OUTPUT: the function that a person has named
# (FUNCTION), or those that have changed since the commit that was there before the push (SINCE).
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

export PATH="$target_folder/debug:$PATH"
case ${FUNCTION:-} in
'') functions=$(package changed --since "${SINCE:-}" --json) ;;
all) functions=$(package list | jq --raw-input --slurp --compact-output 'split("\n") | map(select(. != ""))') ;;
*)
    package check "$FUNCTION"
    functions=$(jq --null-input --compact-output --arg function "$FUNCTION" '[$function]')
    ;;
esac
echo "functions=$functions" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
