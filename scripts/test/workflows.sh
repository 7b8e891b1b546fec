#!/usr/bin/env bash
# The workflows: actionlint finds what GitHub would refuse or ignore, zizmor (https://docs.zizmor.sh) security problems.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --checks
"$tools_folder/checks/bin/actionlint" .github/workflows/*.yml
# Offline: without the checks that ask GitHub, such as whether the commits belong to the actions.
"$tools_folder/checks/bin/zizmor" --offline --persona pedantic --no-progress --quiet .github
# A submodule may hold crates, and every script that asks cargo needs them.
for workflow in .github/workflows/*.yml; do
    case $workflow in */rollback.yml | */rollouts.yml) continue ;; esac
    [[ $(grep -c 'actions/checkout@' "$workflow") == "$(grep -c 'submodules: true' "$workflow")" ]] ||
        die 1 "$workflow checks out without submodules: true"
done
