#!/usr/bin/env bash
# The tools as one file for the jobs that come after, which shall not compile: artifacts lose the
# executable bit, a tar keeps it. They go to target/debug again: tar --extract --file tools.tar
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
cargo build --locked "${tool_packages[@]}"
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
mkdir -p "$staging/target/debug"
for tool in "${tool_packages[@]}"; do
    [[ $tool == -p ]] || strip --strip-debug -o "$staging/target/debug/$tool" "$target_folder/debug/$tool"
done
tar --create --file tools.tar --directory "$staging" target
