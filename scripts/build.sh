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

commit=$(current_commit)

# Side by side, each in a target folder of its own: the last minute of a half, link-time
# optimisation, keeps a single core busy.
build_half "$function" arm64 &
arm64=$!
x86_64=0
build_half "$function" x86_64 || x86_64=$?
wait "$arm64" || die 2 "the arm64 half of $function does not build"
((x86_64 == 0)) || die 2 "the x86_64 half of $function does not build"

"$package" pack "$function" --commit "$commit" --bootstraps "$target_folder/lambda"
