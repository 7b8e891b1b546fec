#!/usr/bin/env bash
# Builds a function in a copy of the tree in another folder, and compares the artifacts with those in dist/: the same
# sources must give the same bytes.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# One function is enough: all are built in the same way, and a second build of each would double the time.
function=${1:-$(one_function)}
[[ -f dist/$function/function.json ]] || die 2 "dist/$function is missing: run scripts/build.sh $function"

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
fresh_copy "$elsewhere"
env -u CARGO_TARGET_DIR TOOLS_BIN="$tools_bin" "$elsewhere/scripts/build.sh" "$function"

for architecture in arm64 x86_64; do
    cmp "dist/$function/$architecture.zip" "$elsewhere/dist/$function/$architecture.zip" ||
        die 1 "$architecture.zip differs between $root and $elsewhere"
done
echo "$function: both builds are identical, built in $root and in $elsewhere"
