#!/usr/bin/env bash
# Looks at the HTML page of `rollout report --html` in headless Chromium: of a good rollout, of a bad one,
# of one with an emulated build. What it saw stays in target/report/: screenshots and a PDF of each.
#
# Exit codes: 0 nothing to complain about, 1 complaints, 2 could not run.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --browser
# Of the whole workspace, as the tests are: another selection would compile the dependencies again.
build_tools --quiet --workspace --example report

seen=$target_folder/report
complaints=0
for story in good bad emulated; do
    mkdir -p "$seen/$story"
    "$tools_bin/report" "$seen/$story/$story.html" "$story"
    "$tools_folder/clients/bin/python" tools/rollout/tests/python/report.py "$seen/$story/$story.html" "$seen" ||
        complaints=$((complaints + 1))
done
((complaints == 0)) || die 1 "$complaints of 3 pages have something to complain about: see above, and $seen"
echo "3 pages, each light, dark, on a phone and printed: see $seen"
