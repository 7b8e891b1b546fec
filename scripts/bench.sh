#!/usr/bin/env bash
# Measures the figures of docs/figures.md; every table comes from one run on this machine.
#
#   scripts/bench.sh [--json FILE] [functions|hasher|sandbox|analysis|controller|profiles|first]...   (default: all but the last two)
#
# --json FILE: the functions' figures for `bench compare`, which puts two architectures side by side.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

json=()
if [[ ${1:-} == --json ]]; then
    json=(--json "$(realpath "${2:?"--json needs a file"}")")
    shift 2
fi
scripts/setup.sh
(($#)) || set -- functions hasher sandbox analysis controller

# Size, start-up, invocations and memory of every function, compared with programs that do nothing.
functions() {
    local names function bare=() work url status=0
    build_tools --quiet -p bench
    mapfile -t names < <(package list)
    for function in "${names[@]}"; do
        [[ -f dist/$function/function.json ]] || scripts/build.sh "$function"
    done
    build_crate hello "$machine_architecture" tools/Cargo.toml
    bare+=(--bare "bare hello=$target_folder/lambda/$machine_architecture/hello/bootstrap")
    if command -v go >/dev/null; then
        go build -o "$target_folder/hello-go" tools/hello/hello.go
        bare+=(--bare "Go hello=$target_folder/hello-go")
    fi
    bare+=(--bare "Python hello=tools/hello/hello.py")
    say "functions: starts, invocations and memory, next to programs that do nothing"
    work=$(mktemp -d)
    # `command`: this script has a part of the same name.
    (cd "$work" && command sandbox start --port 0 >/dev/null)
    url=$(cd "$work" && sandbox_url)
    (cd "$work" && for function in "${names[@]}"; do command sandbox apply "$function" --dist "$root/dist" >/dev/null; done)
    bench measure "${names[@]}" "${bare[@]}" --endpoint-url "$url" --machine "$(machine)" "${json[@]}" || status=$?
    (cd "$work" && command sandbox stop >/dev/null)
    rm -rf "$work"
    return "$status"
}

# The CPU and its number of cores.
machine() { LC_ALL=C lscpu | sed -n 's/^Model name: *//p' | head -n 1 | sed "s/\$/, $(nproc) cores/"; }

hasher() {
    say "SHA-256: hasher next to OpenSSL"
    cargo run --quiet --locked --release -p hasher --features bench --bin throughput
    say "what telemetry adds to an invocation"
    cargo run --quiet --locked --release -p shared --features bench --bin telemetry-cost
}

sandbox() {
    say "what the sandbox adds to an invocation: a function that does nothing, concurrency 1 and 8"
    cargo run --quiet --locked --manifest-path tools/Cargo.toml -p sandbox --example overhead
}

analysis() {
    say "how many equally good candidates are rolled back, how soon a bad one is found, and what other tools do"
    cargo run --quiet --locked --manifest-path tools/Cargo.toml -p analysis --example simulate
}

# What each setting of the release profile changes: the figures beside it in Cargo.toml.
profiles() {
    local variant setting binary speed
    echo "| [profile.release] | bootstrap KiB | zipped KiB | of openssl's speed, 1 thread |"
    echo "| --- | ---: | ---: | ---: |"
    export CARGO_TARGET_DIR=$target_folder/profiles
    while IFS='|' read -r variant setting; do
        local arguments=(--quiet --locked -p hasher --target x86_64-unknown-linux-gnu)
        for one in $setting; do arguments+=(--config "profile.release.$one"); done
        cargo build --release "${arguments[@]}" --bin hasher
        binary=$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release/hasher
        speed=$(cargo run --release --features bench --bin throughput "${arguments[@]}" | sed -n 's/^| hasher, 1 thread.*| \(.*\) of openssl |$/\1/p')
        echo "| $variant | $(($(stat -c %s "$binary") / 1024)) | $(($(gzip -9 -c "$binary" | wc -c) / 1024)) | $speed |"
    done <<'VARIANTS'
as it is in Cargo.toml|
lto = "thin"|lto="thin"
lto = off, 16 codegen units|lto="off" codegen-units=16
panic = "abort"|panic="abort"
opt-level = "z"|opt-level="z"
VARIANTS
}

# What the controller calls, how long a wake takes, and what a month of it costs.
controller() {
    [[ -f dist/controller/function.json ]] || scripts/build.sh controller
    say "the controller: 100 functions, 20 rollouts"
    cargo run --quiet --locked --manifest-path tools/Cargo.toml -p controller --example month
}

# The README's first command for a new user: in a fresh clone of the last commit, with nothing compiled and no crate or
# wheel downloaded; then again; then in another such clone with the tools at hand, as released ones are after their
# download. Debian's packages and rustup's targets stay installed.
first() {
    local work
    work=$(mktemp -d)
    first_command "$work/built" "nothing compiled, nothing downloaded"
    first_command "$work/built" "again, nothing changed"
    TOOLS_BIN=$work/built/.tools/bin first_command "$work/released" "nothing compiled but the tools, nothing downloaded"
    rm -rf "$work"
}

# first_command FOLDER WHAT: in a clone with a cargo home of its own.
first_command() {
    local home=${CARGO_HOME:-$HOME/.cargo}
    if [[ ! -d $1 ]]; then
        git clone --quiet . "$1"
        mkdir "$1.cargo"
        [[ ! -f $home/config.toml ]] || cp "$home/config.toml" "$1.cargo"
    fi
    say "scripts/deploy.sh hasher --sandbox: $2"
    (cd "$1" && CARGO_HOME=$1.cargo PIP_NO_CACHE_DIR=1 scripts/deploy.sh hasher --sandbox 2>&1) | parts
    (cd "$1" && PATH="${TOOLS_BIN:-$1/.tools/bin}:$PATH" command sandbox stop >/dev/null)
}

# parts: prints the headings of a script's output and its last line, with the seconds since the start.
parts() {
    local line last='' start=$SECONDS
    while IFS= read -r line; do
        [[ $line != '==> '* && $line != *promoted* ]] || printf '%5d s  %s\n' $((SECONDS - start)) "${line:0:100}"
        last=$line
    done
    printf '%5d s  the end: %s\n' $((SECONDS - start)) "$last"
}

for part in "$@"; do
    case $part in
    functions | hasher | sandbox | analysis | controller | profiles | first) "$part" ;;
    *) die 2 "unknown part $part: functions, hasher, sandbox, analysis, controller, profiles or first" ;;
    esac
done
