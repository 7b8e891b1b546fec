#!/usr/bin/env bash
# Installs what is missing, only from package registries, and says what. Safe to run again.
# --checks adds the linters of scripts/test.sh, --clients the AWS CLI and other clients, --browser Chromium, for the tests
# of the HTML report and of web pages, --terraform what the tests of infra/ need.
#
# Needs git, rustup, Python 3 with pip, and root (or all Debian packages installed).
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# On macOS everything but the sandbox, which runs Lambda's Linux binaries.
case "$(uname -s)" in
Linux | Darwin) ;;
*) die 2 "this is $(uname -s): take Linux, macOS, or the dev container (.devcontainer)" ;;
esac

need() { command -v "$1" >/dev/null || die 2 "$1 is not installed: $2"; }
need git "install it with your package manager (apt-get install git)"
need rustup "see https://rustup.rs"
need python3 "install it with your package manager (apt-get install python3 python3-pip)"

# Builds for the foreign architecture run under qemu's user mode, against that architecture's C library.
case "$(uname -m)" in
x86_64) foreign=(qemu-aarch64-static /usr/aarch64-linux-gnu/lib/libc.so.6 libc6-arm64-cross libgcc-s1-arm64-cross) ;;
aarch64 | arm64) foreign=(qemu-x86_64-static /usr/x86_64-linux-gnu/lib/libc.so.6 libc6-amd64-cross libgcc-s1-amd64-cross) ;;
*) die 2 "Lambda has arm64 and x86_64; this machine is $(uname -m)" ;;
esac

# One at a time: two jobs of a test, or two deploys, may begin together.
mkdir -p "$tools_folder"
if command -v flock >/dev/null; then
    exec {lock}>"$tools_folder/setup.lock"
    flock "$lock"
fi

packages=()
if [[ $system == linux ]]; then
    command -v "${foreign[0]}" >/dev/null || packages+=(qemu-user-static)
    [[ -e ${foreign[1]} ]] || packages+=("${foreign[2]}" "${foreign[3]}")
fi
command -v cc >/dev/null || packages+=(build-essential)
command -v openssl >/dev/null || packages+=(openssl)
[[ " $* " != *" --checks "* ]] || command -v shellcheck >/dev/null || packages+=(shellcheck)
[[ " $* " != *" --browser "* ]] || command -v chromium >/dev/null || packages+=(chromium)
[[ -d $tools_folder/venv ]] || python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

if ((${#packages[@]})); then
    command -v apt-get >/dev/null || die 2 "please install with your package manager: ${packages[*]}"
    as_root=()
    if [[ $EUID != 0 ]]; then
        # Only where sudo asks for no password: GitHub's runners, dev containers.
        sudo -n true 2>/dev/null || die 2 "please run as root: apt-get install ${packages[*]}"
        as_root=(sudo)
    fi
    say "Debian: ${packages[*]}"
    log=$(mktemp)
    { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"; } >"$log" 2>&1 ||
        die 2 "apt-get failed: $(tail -n 3 "$log")"
    rm -f "$log"
fi

# rust-toolchain.toml names the targets, but rustup does not everywhere install them by itself.
for target in aarch64-unknown-linux-gnu x86_64-unknown-linux-gnu; do
    if ! rustup target list --installed | grep -qx "$target"; then
        say "rustup: target $target"
        rustup target add "$target"
    fi
done

# python_tools FOLDER REQUIREMENTS: installs them into .tools/FOLDER, unless exactly these are installed.
python_tools() {
    cmp -s "$2" "$tools_folder/$1/installed-requirements.txt" && return
    say "PyPI, into .tools/$1: $(grep -v '^#' "$2" | tr '\n' ' ')"
    python3 -m venv "$tools_folder/$1"
    "$tools_folder/$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"
    cp "$2" "$tools_folder/$1/installed-requirements.txt"
}
python_tools venv scripts/requirements.txt
# In environments of their own, because their versions conflict, or only tests need them.
for option in "$@"; do
    case $option in
    --browser) python_tools clients scripts/requirements-clients.txt ;;
    --checks | --clients | --terraform) python_tools "${option#--}" "scripts/requirements-${option#--}.txt" ;;
    *) die 2 "unknown option $option: --browser, --checks, --clients, --terraform" ;;
    esac
done
