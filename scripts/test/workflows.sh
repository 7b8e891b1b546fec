#!/usr/bin/env bash
# The workflows: actionlint finds what GitHub would refuse or ignore, zizmor
# (https://docs.zizmor.sh) what would let others act in our name.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --checks
"$tools_folder/checks/bin/actionlint" .github/workflows/*.yml
# Offline: what asks GitHub (are these commits really that action's?) runs there, in ci.yml.
"$tools_folder/checks/bin/zizmor" --offline --persona pedantic --no-progress --quiet .github
