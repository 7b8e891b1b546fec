#!/usr/bin/env bash
# Checks the documents: scripts/test/documents.sh links | commands. See documents.py.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

case ${1:-} in
links) exec python3 scripts/test/documents.py links ;;
commands) ;;
*) die 2 "usage: scripts/test/documents.sh links | commands" ;;
esac

# In this tree, where everything is compiled; in CI it is a fresh clone.
! sandbox status >/dev/null 2>&1 || die 2 "a sandbox is running here, and the documents would use it: sandbox stop"
# Other tests may have the fixed one.
export SANDBOX_PORT=0
trap 'sandbox stop >/dev/null 2>&1 || true' EXIT
python3 scripts/test/documents.py commands
