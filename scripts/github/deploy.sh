#!/usr/bin/env bash
# Verifies the attestation of FUNCTION in dist/, if there is one (ATTESTED), and deploys it as DRY_RUN, ARCHITECTURE and
# WEIGHT say (all may be empty).
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ -z ${AWS_REGION:-} ]]; then
    echo "Not deployed: this environment has no variable AWS_REGION yet. What to set: infra/README.md" |
        tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
    exit 0
fi
unpack_tools

# Deploy only what was attested.
for zip in "dist/$FUNCTION"/*.zip; do
    [[ ${ATTESTED:-true} == true ]] || break
    gh attestation verify "$zip" --repo "$GITHUB_REPOSITORY" >/dev/null ||
        die 2 "$zip has no attestation of $GITHUB_REPOSITORY"
done

flags=(--no-build --yes)
[[ ${DRY_RUN:-} != true ]] || flags=(--no-build --plan)
case ${ARCHITECTURE:-} in arm64 | x86_64) flags+=(--to "$ARCHITECTURE") ;; esac
[[ -z ${WEIGHT:-} ]] || flags+=(--until "$WEIGHT")
exec scripts/deploy.sh "$FUNCTION" "${flags[@]}"
