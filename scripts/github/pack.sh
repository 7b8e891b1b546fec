#!/usr/bin/env bash
# Packs both builds of FUNCTION, which other jobs have made, and checks the artifacts.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

commit=$(current_commit)
package pack "$FUNCTION" --commit "$commit" --bootstraps "$target_folder/lambda"
rollout publish --check "$FUNCTION" | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
