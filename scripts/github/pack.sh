#!/usr/bin/env bash
# Packs both builds of FUNCTION, which other jobs have made, and checks the artifacts.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

unpack_tools
package pack "$FUNCTION" --commit "$(git rev-parse HEAD)" --bootstraps "$target_folder/lambda"
rollout publish --check "$FUNCTION" | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
