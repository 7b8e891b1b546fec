#!/usr/bin/env bash
# The tools as one file for the jobs that come after, which shall not compile: artifacts lose the
# executable bit, a tar keeps it. They go to target/debug again: tar --extract --file tools.tar
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
cargo build --locked "${tool_packages[@]}"
strip --strip-debug "$target_folder"/debug/{package,rollout,sandbox}
tar --create --file tools.tar target/debug/{package,rollout,sandbox}
