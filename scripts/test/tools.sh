#!/usr/bin/env bash
# Builds package, rollout and sandbox, which most of the tests run.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
get_tools
