#!/usr/bin/env bash
# Every script in git, as shellcheck reads it.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --checks
git ls-files -z '*.sh' | xargs -0 shellcheck
