#!/usr/bin/env bash
# The whole test suite. Ends with a line of totals; exits 1 when anything failed.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/setup.sh

passed=0 failed=0 names=()
step() { # what is checked, command...
    local name=$1 start=$SECONDS
    shift
    say "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)) names+=("$name")
    fi
    echo "    ($((SECONDS - start)) s)"
}

step "scripts are clean (shellcheck)" shellcheck scripts/*.sh scripts/test/*.sh
# What starts with #! is a program and executable; what does not is sourced and is not.
startable() {
    local wrong=0 mode file
    while read -r mode _ _ file; do
        [[ $(head -c 2 "$file") == "#!" && $mode == 100755 || $(head -c 2 "$file") != "#!" && $mode == 100644 ]] ||
            { echo "$file: $mode does not fit its first line" && wrong=1; }
    done < <(git ls-files -s 'scripts/*.sh')
    return $wrong
}
step "scripts can be started as the README says" startable
step "sources are formatted" cargo fmt --all --check
step "the tools build" cargo build --locked "${tool_packages[@]}"
mapfile -t functions < <("$target_folder/debug/package" list)
for function in "${functions[@]}"; do
    step "both halves of $function build and pack" scripts/build.sh "$function"
done
step "tests" cargo test --locked --workspace
# One function stands for all: they are built alike, and a second build of each would double the time.
step "hasher: two folders give the same bytes" scripts/test/reproducible.sh hasher
step "the main job, as a user runs it" scripts/test/main-job.sh
step "a rollout whose controller has died is still guarded" scripts/test/guard.sh
step "http-api answers as its description says (schemathesis)" scripts/test/schemathesis.sh
step "the HTML report, seen in a browser (chromium)" scripts/test/report.sh
step "infra: checkov, validity, every rule (terraform test)" scripts/test/terraform.sh
step "infra: a real apply of everything, and its end" scripts/test/terraform-apply.sh
step "lints (clippy, no warnings)" cargo clippy --locked --workspace --all-targets -- -D warnings

for name in "${names[@]}"; do echo "FAILED: $name"; done
echo "$passed passed, $failed failed"
((failed == 0))
