#!/usr/bin/env bash
# The documents: scripts/test/documents.sh links | commands. What these mean says documents.py.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

case ${1:-} in
links) exec python3 scripts/test/documents.py links ;;
commands) ;;
*) die 2 "usage: scripts/test/documents.sh links | commands" ;;
esac

# In this tree, where everything is compiled: that a fresh clone gets there is what CI shows.
! sandbox status >/dev/null 2>&1 || die 2 "a sandbox is running here, and the documents would use it: sandbox stop"
trap 'sandbox stop >/dev/null 2>&1 || true' EXIT
python3 scripts/test/documents.py commands
