#!/usr/bin/env bash
# Builds both halves of functions and packs them: scripts/build.sh <function>... -> dist/<function>/
#
# The same commit gives the same bytes in any folder on any machine: pinned compiler and linker,
# locked dependencies, no paths in the binaries, no times in the zips.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: scripts/build.sh <function>... | --all
       scripts/build.sh <function> --half ARCHITECTURE | --pack

  --all                 every function of the tree
  --half ARCHITECTURE   compile this half only, to target/lambda/<architecture>/<function>/bootstrap
  --pack                compile nothing: pack the two that are there

With the last two, each half can be compiled on a machine of its own."
functions=() all=false half='' pack_only=false
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --all) all=true ;;
    --half) half=${2:?"--half needs an architecture"} && shift ;;
    --pack) pack_only=true ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) functions+=("$1") ;;
    esac
    shift
done
case $half in '' | arm64 | x86_64) ;; *) die 2 "Lambda has arm64 and x86_64, and no $half" ;; esac

scripts/setup.sh

get_tools
if $all; then
    mapfile -t functions < <(package list)
fi
((${#functions[@]})) || die 2 "which function?"$'\n'"$usage"
commit=$(current_commit)

# Side by side, each in a target folder of its own: the last minute of a half, link-time
# optimisation, keeps a single core busy.
both_halves() {
    local function=$1 arm64 x86_64=0
    build_half "$function" arm64 &
    arm64=$!
    build_half "$function" x86_64 || x86_64=$?
    wait "$arm64" || die 2 "the arm64 half of $function does not build"
    ((x86_64 == 0)) || die 2 "the x86_64 half of $function does not build"
}

for function in "${functions[@]}"; do
    package check "$function"
    if [[ -n $half ]]; then
        build_half "$function" "$half"
        continue
    fi
    $pack_only || both_halves "$function"
    package pack "$function" --commit "$commit" --bootstraps "$target_folder/lambda"
done
