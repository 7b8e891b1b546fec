#!/usr/bin/env bash
# Runs shellcheck on every script in git.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --checks
git ls-files -z '*.sh' | xargs -0 shellcheck
