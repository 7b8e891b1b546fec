#!/usr/bin/env bash
# Deploys FUNCTION from dist/, as DRY_RUN, ARCHITECTURE and WEIGHT ask for (all may be empty), once
# its attestation is verified, where there is one (ATTESTED).
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ -z ${AWS_REGION:-} ]]; then
    echo "Not deployed: this environment has no variable AWS_REGION yet. What to set: infra/README.md" |
        tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
    exit 0
fi
unpack_tools

# What was attested is what is deployed.
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
