#!/usr/bin/env bash
# The whole test suite: what .github/workflows/ci.yml runs on GitHub, on this machine, as far as it
# needs nothing of GitHub. scripts/test.sh [JOB]... runs these jobs of it alone.
#
# Ends with a line of totals. Exit codes: 0 all passed, 1 something failed, 2 could not run.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac
scripts/setup.sh --checks
exec "$tools_folder/checks/bin/python" scripts/test/workflow.py .github/workflows/ci.yml "$@"
