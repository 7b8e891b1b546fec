#!/usr/bin/env bash
# Verifies that deploy.yml of this branch has attested FUNCTION in dist/ (unless ATTESTED is false), and deploys it to
# ENVIRONMENT as ACTION (of compare.sh), FORCE, DRY_RUN, ARCHITECTURE and WEIGHT say; all of these may be empty.
#
# Where the account has a controller, it looks on for WATCH (default: 15m), and has succeeded unless the candidate was rolled
# back by then: rollouts.sh says later how the rollout has ended. An environment that others follow is watched to the end,
# since the next one begins with its promotion.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source scripts/github/deployments.sh
source scripts/names.sh

# Deploy only what was attested.
for zip in "dist/$FUNCTION"/*.zip; do
    [[ ${ATTESTED:-true} == true ]] || break
    gh attestation verify "$zip" --repo "$GITHUB_REPOSITORY" --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/deploy.yml" \
        --source-ref "$GITHUB_REF" --source-digest "$GITHUB_SHA" >/dev/null ||
        die 2 "$zip has no attestation of $GITHUB_REPOSITORY's deploy.yml at $GITHUB_REF, commit $GITHUB_SHA"
done

flags=(--no-build --yes)
[[ ${DRY_RUN:-} != true ]] || flags=(--no-build --plan)
flags+=(--environment "$ENVIRONMENT")
in_order || flags+=(--any-order)
[[ ${FORCE:-} != true ]] || flags+=(--retry)
[[ ${ACTION:-} != apply ]] || flags+=(--changed-only)
case ${ARCHITECTURE:-} in arm64 | x86_64) flags+=(--to "$ARCHITECTURE") ;; esac
[[ -z ${WEIGHT:-} ]] || flags+=(--until "$WEIGHT")
! is_last || flags+=(--watch "${WATCH:-15m}")
[[ ${DRY_RUN:-} != true ]] || exec scripts/deploy.sh "$FUNCTION" "${flags[@]}"

environment_names "$ENVIRONMENT"
deployment=$(new_deployment)
set_status "$deployment" in_progress "$FUNCTION is being deployed"
code=0
scripts/deploy.sh "$FUNCTION" "${flags[@]}" || code=$?
state=error reason="could not be deployed"
((code == 2)) || read -r state reason < <(state_on_github "$FUNCTION")
set_status "$deployment" "$state" "$FUNCTION $reason"
# --changed-only has left a pair alone that live does not serve.
[[ $code != 0 || ${ACTION:-} != apply || $state == success ]] || is_last || die 1 "$FUNCTION goes no further than $ENVIRONMENT: it $reason"
exit "$code"
