#!/usr/bin/env bash
# All tests that are Rust: of the functions and of what they share; then of the tools, and of the functions
# through the builds in dist/.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --clients
# Most of them wait for the seconds of a sandbox's clock: more of them at once than there are cores.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(nproc)))}
cargo test --locked --no-fail-fast --workspace
# with tools/
cargo test --locked --no-fail-fast --workspace --manifest-path tools/Cargo.toml
# end of with tools/
