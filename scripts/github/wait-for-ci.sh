#!/usr/bin/env bash
# Waits until ci.yml has passed for COMMIT, in whichever run of it: of the push, the pull request or the merge queue. PAUSE:
# seconds between two looks.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

pause=${PAUSE:-30} none=0
while true; do
    # Such as "completed success", "in_progress ".
    runs=$(gh run list --workflow ci.yml --commit "${COMMIT:?"says which commit"}" --limit 20 --json status,conclusion --jq '.[] | .status + " " + .conclusion')
    if grep -qx 'completed success' <<<"$runs"; then
        echo "ci has passed for $COMMIT"
        exit 0
    elif [[ -z $runs ]]; then
        # The run of the same push may begin later than this one.
        ((++none < 10)) || die 1 "ci has not run for $COMMIT: make a pull request, or deploy with force"
    elif ! grep -qv '^completed ' <<<"$runs"; then
        die 1 "ci has not passed for $COMMIT: look at it, and start this job again when it has"
    fi
    sleep "$pause"
done
