#!/usr/bin/env bash
# Packs the tools for this machine, and the controller: scripts/github/release-tools.sh TAG ->
# tools-<version>-<os>-<architecture>.tar.gz
# TAG is tools-v<version>. TOOLS_BIN: a folder that has them, so that nothing is built but what dist/controller lacks.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' tools/Cargo.toml | head -n 1)
[[ ${1:-} == "tools-v$version" ]] || die 2 "tools/Cargo.toml has version $version, whose tag is tools-v$version and not ${1:-empty}"

folder=${TOOLS_BIN:-}
if [[ -z $folder ]]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    flags=(build --locked --manifest-path tools/Cargo.toml --profile dist)
    if [[ $system == linux ]]; then
        scripts/setup.sh
        # Against the glibc of the functions, 2.34: Amazon Linux 2023, Debian 12, Ubuntu 22.04, RHEL 9 and newer.
        flags=(lambda "${flags[@]}" --target "$(uname -m)-unknown-linux-gnu.$glibc" --compiler cargo-zigbuild --lambda-dir "$folder/lambda")
        cargo "${flags[@]}" "${tool_names[@]/#/--package=}" "${tool_names[@]/#/--bin=}"
        for tool in "${tool_names[@]}"; do
            mv "$folder/lambda/$tool/bootstrap" "$folder/$tool"
        done
    else
        export CARGO_TARGET_DIR=$folder/target
        cargo "${flags[@]}" "${tool_names[@]/#/--package=}"
        mv "${tool_names[@]/#/$CARGO_TARGET_DIR/dist/}" "$folder"
    fi
fi
# Each must run and have this version.
for tool in "${tool_names[@]}"; do
    [[ $("$folder/$tool" --version) == "$tool $version" ]] || die 2 "$folder/$tool is not of version $version"
done
[[ -n ${TOOLS_BIN:-} && -f dist/controller/function.json ]] || TOOLS_BIN=$folder scripts/build.sh controller
archive=tools-$version-$system-$machine_architecture.tar.gz
# Follow links: .tools/bin has only links.
tar -chzf "$archive" -C "$folder" "${tool_names[@]}" -C "$root/dist" controller
ls -l "$archive"
