#!/usr/bin/env bash
# Makes docs/report.png, the picture of the HTML report in docs/rollouts.md, from a simulated rollout.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
command -v pngquant >/dev/null || die 2 "pngquant is missing: apt-get install pngquant"
scripts/setup.sh --browser

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
build_tools --quiet --workspace --example report
"$tools_bin/report" "$folder/report.html" good
mkdir -p docs
"$tools_folder/clients/bin/python" tools/rollout/tests/python/report.py "$folder/report.html" --picture "$folder/report.png"
# A quarter of the bytes, with no visible difference.
pngquant --force --output docs/report.png 128 "$folder/report.png"
say "docs/report.png: $(($(stat -c %s docs/report.png) / 1024)) KiB"
