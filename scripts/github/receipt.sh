#!/usr/bin/env bash
# Both architectures side by side, from the files of `scripts/bench.sh --json`: to receipt.md, and to
# the job's summary. scripts/github/receipt.sh FILE FILE
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[[ $# == 2 ]] || die 2 "usage: scripts/github/receipt.sh FILE FILE"
cargo run --quiet --locked --manifest-path tools/Cargo.toml -p bench -- compare "$1" "$2" >receipt.md
cat receipt.md
[[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat receipt.md >>"$GITHUB_STEP_SUMMARY"
