#!/usr/bin/env bash
# Verifies that deploy.yml of this branch has attested FUNCTION in dist/ (unless ATTESTED is false), and deploys it to
# ENVIRONMENT as ACTION (of compare.sh), FORCE, DRY_RUN, ARCHITECTURE and WEIGHT say; all of these may be empty.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

# Deploy only what was attested.
for zip in "dist/$FUNCTION"/*.zip; do
    [[ ${ATTESTED:-true} == true ]] || break
    gh attestation verify "$zip" --repo "$GITHUB_REPOSITORY" --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/deploy.yml" \
        --source-ref "$GITHUB_REF" --source-digest "$GITHUB_SHA" >/dev/null ||
        die 2 "$zip has no attestation of $GITHUB_REPOSITORY's deploy.yml at $GITHUB_REF, commit $GITHUB_SHA"
done

flags=(--no-build --yes)
[[ ${DRY_RUN:-} != true ]] || flags=(--no-build --plan)
[[ ! -f scripts/names.sh ]] || flags+=(--environment "$ENVIRONMENT")
in_order || flags+=(--any-order)
[[ ${FORCE:-} != true ]] || flags+=(--retry)
[[ ${ACTION:-} != apply ]] || flags+=(--changed-only)
case ${ARCHITECTURE:-} in arm64 | x86_64) flags+=(--to "$ARCHITECTURE") ;; esac
[[ -z ${WEIGHT:-} ]] || flags+=(--until "$WEIGHT")
exec scripts/deploy.sh "$FUNCTION" "${flags[@]}"
