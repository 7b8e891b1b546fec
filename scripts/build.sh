#!/usr/bin/env bash
# Builds both halves of a function and packs them: scripts/build.sh <function> -> dist/<function>/
#
# The same commit gives the same bytes in any folder on any machine: pinned compiler and linker,
# locked dependencies, no paths in the binaries, no times in the zips.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ $# == 1 && $1 != -* ]] || die 2 "usage: scripts/build.sh <function>"
function=$1

scripts/setup.sh

# PACKAGE_TOOL: a packer that is already built, for a machine that shall compile the halves only.
package=${PACKAGE_TOOL:-$target_folder/debug/package}
[[ -n ${PACKAGE_TOOL:-} ]] || cargo build --quiet --locked "${tool_packages[@]}"
"$package" check "$function"

commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[[ -z $(git status --porcelain 2>/dev/null) ]] || commit+=-dirty

# Amazon Linux 2023 has glibc 2.34; zig links against the version named in the target.
glibc=2.34

build_half() { # architecture, Rust target, CPU that the half may assume
    local architecture=$1 triple=$2 cpu=$3
    say "$function for $architecture ($cpu, glibc $glibc)"
    # Set here for both halves, because any RUSTFLAGS from outside would silently replace
    # cargo-lambda's own target-cpu. The remap keeps this machine's paths out of panic messages;
    # those of the workspace's own files are relative already.
    local flags=(
        "-Ctarget-cpu=$cpu"
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    )
    env -u RUSTFLAGS \
        CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f'; echo "${flags[*]}")" \
        CARGO_TARGET_DIR="$target_folder/functions" \
        cargo lambda build --quiet --locked --release \
        --package "$function" --bin "$function" \
        --target "$triple.$glibc" --compiler cargo-zigbuild \
        --lambda-dir "$target_folder/lambda/$architecture" </dev/null
}

build_half arm64 aarch64-unknown-linux-gnu neoverse-n1
build_half x86_64 x86_64-unknown-linux-gnu haswell

"$package" pack "$function" --commit "$commit" --bootstraps "$target_folder/lambda"
