#!/usr/bin/env bash
# Builds a function from a copy of the tree in another folder and compares the artifacts with
# those in dist/: same sources, same bytes.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
function=${1:?"usage: scripts/test/reproducible.sh <function>"}
[[ -f dist/$function/function.json ]] || die 2 "dist/$function is missing: run scripts/build.sh $function"

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
# The working tree as it is, uncommitted changes included, without what is ignored.
git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - --ignore-failed-read | tar --extract --directory "$elsewhere"
ln -s "$tools_folder" "$elsewhere/.tools"
env -u CARGO_TARGET_DIR PACKAGE_TOOL="$target_folder/debug/package" "$elsewhere/scripts/build.sh" "$function"

for half in arm64 x86_64; do
    cmp "dist/$function/$half.zip" "$elsewhere/dist/$function/$half.zip" ||
        die 1 "$half.zip differs between $root and $elsewhere"
done
echo "$function: both halves are identical, built in $root and in $elsewhere"
