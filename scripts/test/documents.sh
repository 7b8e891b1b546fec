#!/usr/bin/env bash
# The documents: scripts/test/documents.sh links | commands. What these mean says documents.py.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

case ${1:-} in
links) exec python3 scripts/test/documents.py links ;;
commands) ;;
*) die 2 "usage: scripts/test/documents.sh links | commands" ;;
esac

# In a clone of its own, as a new user has it, but with what was compiled for this one.
scripts/setup.sh --checks
clone=$(mktemp -d)
cleanup() { (cd "$clone/project" && PATH="$target_folder/debug:$PATH" sandbox stop >/dev/null 2>&1) || true; rm -rf "$clone"; }
trap cleanup EXIT
fresh_copy "$clone/project"
cp -R dist "$clone/project/dist"
status=0
CARGO_TARGET_DIR=$target_folder python3 scripts/test/documents.py commands "$clone/project" || status=$?
# The tools were compiled for the copy: here they are this tree's again.
cargo build --quiet --locked "${tool_packages[@]}"
exit "$status"
