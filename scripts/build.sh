#!/usr/bin/env bash
# Makes both builds of functions and packs them: scripts/build.sh <function>... -> dist/<function>/
# The controller is built like them, from tools/; without that folder the released one is taken.
#
# The same commit gives the same bytes in any folder on any machine: pinned compiler and linker,
# locked dependencies, no paths in the binaries, no times in the zips.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: scripts/build.sh <function>... | controller | --all
       scripts/build.sh <function> --architecture ARCHITECTURE | --pack

  --all            every function of the tree, and the controller
  --architecture ARCHITECTURE
                   compile for this architecture only, to target/lambda/<architecture>/<function>/bootstrap
  --pack           compile nothing: pack the two builds that are there

With the last two, each build can be made on a machine of its own."
functions=() all=false architecture='' pack_only=false
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --all) all=true ;;
    --architecture) architecture=${2:?"--architecture needs a value"} && shift ;;
    --pack) pack_only=true ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) functions+=("$1") ;;
    esac
    shift
done
case $architecture in '' | arm64 | x86_64) ;; *) die 2 "Lambda has arm64 and x86_64, and no $architecture" ;; esac

scripts/setup.sh

get_tools
if $all; then
    mapfile -t functions < <(package list)
    [[ ! -f tools/Cargo.toml && ! -d $tools_bin/controller ]] || functions+=(controller)
fi
((${#functions[@]})) || die 2 "which function?"$'\n'"$usage"
commit=$(current_commit)

build_function() {
    local manifest=Cargo.toml
    [[ $1 != controller ]] || manifest=tools/Cargo.toml
    build_crate "$1" "$2" "$manifest"
}

# Side by side, each in a target folder of its own: the last minute of a build, link-time
# optimisation, keeps a single core busy.
both_builds() {
    local function=$1 arm64 x86_64=0
    build_function "$function" arm64 &
    arm64=$!
    build_function "$function" x86_64 || x86_64=$?
    wait "$arm64" || die 2 "$function does not build for arm64"
    ((x86_64 == 0)) || die 2 "$function does not build for x86_64"
}

# Not among the functions of the tree, and released with the tools.
if [[ ! -f tools/Cargo.toml && " ${functions[*]} " == *" controller "* ]]; then
    [[ -d $tools_bin/controller ]] ||
        die 2 "the tools in $tools_bin come without the controller: leave it out, in infra/environments with controller = false"
    rm -rf dist/controller
    mkdir -p dist
    cp -RL "$tools_bin/controller" dist
    mapfile -t functions < <(printf '%s\n' "${functions[@]}" | grep -vx controller)
fi

# All of them first: a wrong key of the last one need not wait for the builds of the others.
for function in "${functions[@]}"; do package check "$function"; done
for function in "${functions[@]}"; do
    if [[ -n $architecture ]]; then
        build_function "$function" "$architecture"
        continue
    fi
    $pack_only || both_builds "$function"
    package pack "$function" --commit "$commit" --bootstraps "$target_folder/lambda"
done
