# Sourced by the other scripts: where things are, and how to speak.
# shellcheck shell=bash disable=SC2034

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
    echo "$0: bash 4.4 or newer is needed, and this is $BASH_VERSION: on macOS, brew install bash" >&2
    exit 2
fi
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

tools_folder=$root/.tools
export PATH="$tools_folder/venv/bin:$tools_folder/clients/bin:$PATH"

# Where cargo puts what it builds: a user's own setting is respected. Where there is no workspace (cargo
# takes none without a member) or no cargo, that of the artifacts that were brought along.
target_folder=$root/target
if [[ -f Cargo.toml && -n $(compgen -G 'functions/*/Cargo.toml') ]] && command -v cargo >/dev/null; then
    target_folder=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
fi

# Functions that were removed are taken out of the lock file: every script passes --locked, which refuses an old one.
# In CI it stays as it was committed.
if [[ -z ${CI:-} && -f Cargo.lock ]] && command -v cargo >/dev/null && compgen -G 'functions/*/Cargo.toml' >/dev/null; then
    removed=$(awk -v RS= '!/\nsource = /' Cargo.lock | sed -n 's/^name = "\(.*\)"$/\1/p' |
        grep -vxFf <(sed -n 's/^name = "\(.*\)"$/\1/p' functions/*/Cargo.toml shared/Cargo.toml) || true)
    if [[ -n $removed ]]; then
        echo "Cargo.lock: without ${removed//$'\n'/, }" >&2
        cargo update --quiet --workspace
    fi
fi

source "$root/scripts/tools.sh"

# The architecture of the builds that run here without an emulator.
machine_architecture=$(uname -m)
[[ $machine_architecture != aarch64 ]] || machine_architecture=arm64

if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }

# die EXIT-CODE WHAT-HAPPENED-AND-WHAT-TO-DO
die() {
    local code=$1
    shift
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit "$code"
}

# The commit that artifacts are built from, marked where the tree is not that commit. Where git does not answer, it says
# why: another user's repository, for one.
current_commit() {
    local commit
    commit=$(git rev-parse --verify HEAD) || die 2 "git does not say which commit this is, see above. Builds name their commit, by which deploys keep their order: run this in a repository with a commit"
    [[ -z $(git status --porcelain) ]] || commit+=-dirty
    echo "$commit"
}

# fresh_copy FOLDER: the tree as git would have it, uncommitted changes included, as a repository of
# its own with one commit, and with the Python environments that are installed here.
fresh_copy() {
    mkdir -p "$1"
    git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - --ignore-failed-read 2>/dev/null |
        tar --extract --directory "$1"
    mkdir -p "$1/.tools" "$tools_folder"
    # Not the tools: what the copy builds is its own.
    find "$tools_folder/" -mindepth 1 -maxdepth 1 ! -name bin ! -name packed -exec ln -s -t "$1/.tools" {} +
    git -C "$1" init --quiet --initial-branch main
    git -C "$1" add --all
    git -C "$1" -c user.name=copy -c user.email=copy@example.com commit --quiet --message "A copy"
}

# set_key CARGO-TOML KEY VALUE: in its [workspace.metadata.project], whose other lines stay.
set_key() {
    KEY=$2 VALUE=$3 perl -0pi -e 's{(?<=^\[workspace\.metadata\.project\]\n)(.*?)(?=^\[|\z)}{
        my ($table, $line) = ($1, "$ENV{KEY} = $ENV{VALUE}\n");
        $table =~ s/^$ENV{KEY} = .*\n/$line/m or $table =~ s/^# $ENV{KEY} = .*\n/$line/m or $table =~ s/\s*\z/\n$line\n/;
        $table}mse' "$1"
}

# The URL of the sandbox that runs here.
sandbox_url() { command sandbox status | sed -n '1s/ .*//p'; }

# The function that stands for all where one is enough: hasher, or the first one that a fork has.
one_function() {
    local functions
    mapfile -t functions < <(package list)
    if [[ " ${functions[*]} " == *" hasher "* ]]; then
        echo hasher
        return
    fi
    echo "${functions[0]-}"
}

# Whether ENVIRONMENT is the last one of ENVIRONMENTS, which is production.
is_last() {
    local environments=${ENVIRONMENTS:-production}
    [[ ${ENVIRONMENT:-production} == "${environments##* }" ]]
}

# Whether only a commit that descends from the deployed one may go to ENVIRONMENT: to production, unless somebody has said
# FORCE.
in_order() { [[ ${FORCE:-} != true ]] && is_last; }

# Amazon Linux 2023 has glibc 2.34; zig links against the version named in the target.
glibc=2.34

# build_crate CRATE ARCHITECTURE [MANIFEST]: as it runs on Lambda, to
# <target>/lambda/<architecture>/<crate>/bootstrap
build_crate() {
    local crate=$1 architecture=$2 manifest=${3:-Cargo.toml} triple cpu profile
    case $architecture in
    arm64) triple=aarch64-unknown-linux-gnu cpu=neoverse-n1 ;;
    x86_64) triple=x86_64-unknown-linux-gnu cpu=haswell ;;
    esac
    say "$crate for $architecture ($cpu, glibc $glibc)"
    # Set here for both architectures, because any RUSTFLAGS from outside would silently replace
    # cargo-lambda's own target-cpu. The remap keeps this machine's paths out of panic messages;
    # those of the workspace's own files are relative already.
    local flags=(
        "-Ctarget-cpu=$cpu"
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    )
    # Of the SDK's crates a function calls a few operations out of hundreds, and link-time optimisation works on
    # what is left of them: before it they get less, which takes two thirds off their time. The function itself
    # gets what its [package.metadata.function] says.
    mapfile -t profile < <({
        sed -nE 's/^name = "(aws-(config|runtime|sdk-.*|smithy-(http-client|runtime)))"$/\1.opt-level=1/p' "$(dirname "$manifest")/Cargo.lock" | sort -u
        for settings in "functions/$crate/Cargo.toml" "tools/$crate/Cargo.toml"; do
            [[ ! -f $settings ]] || sed -nE "s/^opt-level = (\"[sz]\").*/$crate.opt-level=\1/p" "$settings"
        done
    } | sed 's/^/--config=profile.release.package./')
    env -u RUSTFLAGS \
        CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f'; echo "${flags[*]}")" \
        CARGO_TARGET_DIR="$target_folder/functions/$architecture" \
        cargo lambda build --quiet --locked --release --manifest-path "$manifest" \
        --package "$crate" --bin "$crate" "${profile[@]}" \
        --target "$triple.$glibc" --compiler cargo-zigbuild \
        --lambda-dir "$target_folder/lambda/$architecture" </dev/null
}
