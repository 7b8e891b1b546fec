#!/usr/bin/env bash
# rustfmt on both workspaces, and on the templates, which belong to neither.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

cargo fmt --all --check
# with tools/
cargo fmt --all --check --manifest-path tools/Cargo.toml
# end of with tools/
git ls-files -z 'templates/*.rs' | xargs -0 rustfmt --check --edition 2024 --config skip_children=true
