#!/usr/bin/env bash
# Plans every function that has changed since the commit SINCE, and writes the plans to the job's summary.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/test/tools.sh
mapfile -t functions < <(package changed --since "${SINCE:-}")
for function in "${functions[@]}"; do
    {
        printf '<details><summary>%s</summary>\n\n```text\n' "$function"
        scripts/deploy.sh "$function" --plan --no-build 2>&1 | tee /dev/stderr
        printf '```\n\n</details>\n'
    } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
done
((${#functions[@]})) || echo "no function has changed since ${SINCE:-}" | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
