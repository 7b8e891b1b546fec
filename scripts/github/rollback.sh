#!/usr/bin/env bash
# Rolls FUNCTION back, to VERSION if that is not empty, and writes the state before and after to the job's summary. It
# takes the tools of the newest deploy, which takes seconds, or else builds them.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

newest=$(gh run list --workflow deploy.yml --branch "${GITHUB_REF_NAME:-main}" --limit 20 --json databaseId,conclusion \
    --jq '[.[] | select(.conclusion != "cancelled")][0].databaseId // empty')
if [[ -n $newest ]] && gh run download "$newest" --name tools; then
    unpack_tools
fi

scripts/rollback.sh "$FUNCTION" --list | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
scripts/rollback.sh "$FUNCTION" ${VERSION:+--to "$VERSION"} | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
