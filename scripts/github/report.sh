#!/usr/bin/env bash
# Writes the figures of both architectures side by side, from the files of `scripts/bench.sh --json`, to report.md and to
# the job's summary: scripts/github/report.sh FILE FILE
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[[ $# == 2 ]] || die 2 "usage: scripts/github/report.sh FILE FILE"
cargo run --quiet --locked --manifest-path tools/Cargo.toml -p bench -- compare "$1" "$2" >report.md
cat report.md
[[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat report.md >>"$GITHUB_STEP_SUMMARY"
