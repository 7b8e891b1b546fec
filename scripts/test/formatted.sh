#!/usr/bin/env bash
# The workspace's sources, and those of the templates, which are no members of it.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

cargo fmt --all --check
git ls-files -z 'templates/*.rs' | xargs -0 rustfmt --check --edition 2024 --config skip_children=true
