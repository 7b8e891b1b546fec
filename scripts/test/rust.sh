#!/usr/bin/env bash
# All tests that are Rust: of the tools, of what functions share, and of the functions, through the
# halves in dist/.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
cargo test --locked --workspace
