# Sourced by the other scripts: where things are, and how to speak.
# shellcheck shell=bash disable=SC2034

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

tools_folder=$root/.tools
export PATH="$tools_folder/venv/bin:$PATH"

# Where cargo puts what it builds; a user's own setting is respected.
target_folder=${CARGO_TARGET_DIR:-$root/target}

if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }

# die EXIT-CODE WHAT-HAPPENED-AND-WHAT-TO-DO
die() {
    local code=$1
    shift
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit "$code"
}

# What the other scripts build. Always these together: cargo unifies features over what it is
# asked for, so that another selection would compile the dependencies again.
tool_packages=(-p package -p rollout -p sandbox)
