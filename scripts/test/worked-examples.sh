#!/usr/bin/env bash
# The changes that CONTRIBUTING.md shows, each a fenced block of the language diff, are applied to a copy one after the
# other, and then its tests pass.
#
# Exit codes: 0 they do, 1 one does not apply or a test fails.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ ! -d functions/http-api || ! -d functions/event-processor ]]; then
    echo "SKIPPED: this project has no http-api and event-processor any more"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fresh_copy "$work/copy"
awk -v work="$work" '/^```diff$/ { inside = ++count; next } /^```$/ { inside = 0 } inside { print > (work "/" count ".diff") }' CONTRIBUTING.md
cd "$work/copy"
for change in "$work"/*.diff; do
    say "$(sed -n 's,^+++ b/,,p' "$change" | tr '\n' ' ')"
    git apply "$change" || die 1 "a change that CONTRIBUTING.md shows does not apply: make it anew from the code as it is"
done
# Crates of others, as they were compiled. The copy's own are newer than what is there.
export CARGO_TARGET_DIR=$target_folder
UPDATE_OPENAPI=1 cargo test --quiet --locked -p http-api openapi
cargo test --quiet --locked -p notary -p http-api -p event-processor
git diff --quiet -- functions/http-api/openapi.json && die 1 "the changes are not in the API's description"
cargo fmt --all --check
