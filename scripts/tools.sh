# Sourced by common.sh: where package, rollout and sandbox come from.
# shellcheck shell=bash disable=SC2119,SC2120,SC2154

# The folder that has the three tools. TOOLS_BIN: one where they are ready, so that nothing is built.
tools_bin=${TOOLS_BIN:-$tools_folder/bin}
export PATH="$tools_bin:$PATH"

# get_tools: makes sure that the three are in $tools_bin.
get_tools() {
    [[ -z ${TOOLS_BIN:-} ]] || return 0
    if [[ -f tools/Cargo.toml ]]; then
        build_tools
    fi
}

# build_tools [CARGO-FLAG]...: compiles them. Always the three together: cargo unifies features over what
# it is asked for, so that another selection would compile the dependencies again. Where cargo has put
# them, it says itself: a user's own target folder and target are respected.
build_tools() {
    cargo build --locked --manifest-path tools/Cargo.toml -p package -p rollout -p sandbox \
        --message-format json-render-diagnostics "$@" |
        python3 -c '
import json, os, sys
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
for line in sys.stdin:
    built = json.loads(line).get("executable")
    if built:
        link = os.path.join(folder, os.path.basename(built))
        os.symlink(built, link + ".new")
        os.replace(link + ".new", link)' "$tools_bin"
}
