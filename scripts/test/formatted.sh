#!/usr/bin/env bash
# The sources of both workspaces, and those of the templates, which are members of none.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

cargo fmt --all --check
# with tools/
cargo fmt --all --check --manifest-path tools/Cargo.toml
# end of with tools/
git ls-files -z 'templates/*.rs' | xargs -0 rustfmt --check --edition 2024 --config skip_children=true
