#!/usr/bin/env bash
# Runs every command in the documents: see documents.py. In this tree, where everything is compiled; in CI it is a fresh
# clone.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

! sandbox status >/dev/null 2>&1 || die 2 "a sandbox is running here, and the documents would use it: sandbox stop"
# Other tests may have the fixed one.
export SANDBOX_PORT=0
trap 'sandbox stop >/dev/null 2>&1 || true' EXIT
python3 scripts/test/documents.py
