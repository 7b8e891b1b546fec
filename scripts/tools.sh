# Sourced by common.sh: gets package, rollout and sandbox; those that are released bring the controller along.
# shellcheck shell=bash disable=SC2119,SC2120,SC2154

# Those that another job has packed (scripts/github/pack-tools.sh) are taken as they are.
if [[ -f $root/tools.tar ]]; then
    tar --extract --file "$root/tools.tar" --directory "$root"
    rm "$root/tools.tar"
fi
[[ ! -d $tools_folder/packed || -n ${TOOLS_BIN:-} ]] || export TOOLS_BIN=$tools_folder/packed

# The folder that has them. With TOOLS_BIN it is that one, and nothing is built or fetched.
tools_bin=${TOOLS_BIN:-$tools_folder/bin}
export PATH="$tools_bin:$PATH"

# The sandbox runs Lambda's Linux binaries.
system=linux tool_names=(package rollout sandbox)
[[ $(uname -s) != Darwin ]] || system=macos tool_names=(package rollout)
# Those alone, where no other is needed.
[[ -z ${TOOL_NAMES:-} ]] || read -ra tool_names <<<"$TOOL_NAMES"

# get_tools: makes sure that they are in $tools_bin: built from tools/ if that folder exists, else the release that
# Cargo.toml names.
get_tools() {
    [[ -z ${TOOLS_BIN:-} ]] || return 0
    if [[ -f tools/Cargo.toml ]]; then
        build_tools
        return
    fi
    local repository version
    read -r repository version < <(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
tools = json.load(sys.stdin)["metadata"]["project"]["tools"]
print(tools["repository"], tools["version"])' 2>/dev/null) ||
        die 2 "there is no tools/, and Cargo.toml does not say which released tools to take: scripts/rename.sh --tools OWNER/NAME@VERSION"
    [[ -d $tools_folder/tools-$version ]] || fetch_tools "$repository" "$version" "$tools_folder/tools-$version"
    mkdir -p "$tools_bin"
    ln -sfn "$tools_folder/tools-$version/bin"/* "$tools_bin"
}

# fetch_tools REPOSITORY VERSION FOLDER: fetches them to FOLDER/bin, all or none. TOOLS_RELEASES names another place than
# GitHub.
fetch_tools() (
    url=${TOOLS_RELEASES:-https://github.com}/$1
    archive=tools-$2-$system-$machine_architecture.tar.gz
    mkdir -p "$tools_folder"
    work=$(mktemp -d "$3.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work" || exit 2
    get() { curl --silent --show-error --fail --location --remote-name "$url/releases/download/tools-v$2/$1"; }
    say "tools $2 of $url"
    if get "$archive" "$2"; then
        get SHA256SUMS "$2" || die 2 "$url has no SHA256SUMS for $archive"
        sum=$({ sha256sum "$archive" 2>/dev/null || shasum -a 256 "$archive"; } | cut -d ' ' -f 1)
        grep -q "^$sum [ *]$archive\$" SHA256SUMS || die 2 "$archive is not what SHA256SUMS of $url says: it has $sum. Nothing of it was unpacked"
        if gh auth status >/dev/null 2>&1; then
            gh attestation verify "$archive" --repo "$1" --signer-workflow "$1/.github/workflows/tools-release.yml" >/dev/null ||
                die 2 "$archive has no attestation of $1's tools-release.yml: see above. Nothing of it was unpacked"
        else
            echo "The checksum is right. By whom it was built is not verified: that takes gh, signed in (gh auth login)"
        fi
        mkdir bin
        tar -xzf "$archive" -C bin
    else
        echo "There is no archive for this machine, see above: cargo compiles them"
        cargo install --locked --profile dist --git "$url" --tag "tools-v$2" --root . "${tool_names[@]}" ||
            die 2 "no tools $2: neither $url/releases/download/tools-v$2/$archive nor cargo install --git $url --tag tools-v$2.
Is the version right that Cargo.toml names (scripts/rename.sh --tools OWNER/NAME@VERSION), and can this machine reach $url?"
    fi
    rm -f "$archive" SHA256SUMS
    [[ -d $3 ]] || mv "$work" "$3"
)

# build_tools [CARGO-FLAG]...: compiles them, always all together: for another selection of crates cargo would compile the
# dependencies again, with other features. Cargo says where it has put them, so a user's own target folder works.
build_tools() {
    cargo build --locked --manifest-path tools/Cargo.toml "${tool_names[@]/#/--package=}" \
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
