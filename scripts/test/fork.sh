#!/usr/bin/env bash
# A fork becomes somebody's own project, as the README says: renamed, a function of each kind added,
# examples removed; it passes its own checks and tests, and deploys to the sandbox.
#
# scripts/test/fork.sh --whole runs the fork's whole suite instead of a part, which takes as long as
# ours.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

whole=false
case ${1:-} in
--whole) whole=true ;;
?*) die 2 "usage: scripts/test/fork.sh [--whole]" ;;
esac

work=$(mktemp -d)
fork=$work/notary
cleanup() {
    (cd "$fork" && sandbox stop >/dev/null 2>&1) || true
    rm -rf "$work"
}
trap cleanup EXIT
fresh_copy "$fork"
# What was compiled of others' crates, the fork need not compile again. In a folder of its own, with
# sources that are newer: cargo takes a workspace elsewhere for the same one, and its paths are in tests.
mkdir -p "$work/target/debug"
cp -a "$target_folder"/debug/{build,deps,.fingerprint} "$work/target/debug"
[[ ! -d $target_folder/functions ]] || cp -a "$target_folder/functions" "$work/target"
find "$fork" -name '*.rs' -exec touch {} +
template_name=$("$target_folder/debug/package" project name)
export CARGO_TARGET_DIR=$work/target PATH="$work/target/debug:$PATH"
target_folder=$work/target
cd "$fork"

commit() {
    git add --all
    git -c user.name=fork -c user.email=fork@example.com commit --quiet --message "$1"
}

expect 0 'Finished' "the tools build" scripts/test/tools.sh

# --- whose it is ---------------------------------------------------------------------------------

expect 2 'lower-case letters' "a name that is none is refused" scripts/rename.sh Notary --region eu-central-1
expect 2 'looks like eu-central-1' "a region that is none is refused" scripts/rename.sh notary --region Frankfurt
expect 0 'notary is your own now' "the fork gets its name" \
    scripts/rename.sh notary --region eu-central-1 --repository octo-org/notary --holder "Octo Org"
expect 1 '^nothing$' "nothing of the template's own is left" bash -c \
    "git grep -nIE '$template_name|The contributors' -- . ':!scripts/test/fork.sh' || grep -n 'end of template' README.md || { echo nothing; exit 1; }"
for key in name=notary region=eu-central-1 repository=octo-org/notary; do
    expect 0 "^${key#*=}\$" "its ${key%%=*} is known" package project "${key%%=*}"
done
expect 0 '"repository": "octo-org/notary"' "Terraform lets its workflows deploy" package resources
expect 0 '^# notary$' "its README is its own" head -n 1 README.md
commit "Rename"

# --- functions of its own ------------------------------------------------------------------------

kinds=(plain http queue)
for kind in "${kinds[@]}"; do
    expect 0 'scripts/deploy.sh' "a function like $kind" scripts/new-function.sh "my-$kind" --like "$kind"
done
expect 2 'my-plain' "a name that is taken is refused" scripts/new-function.sh my-plain
expect 2 'name' "a name that Lambda or cargo would refuse is refused" scripts/new-function.sh 'My_Function'
rm -r functions/http-api
# The lock file forgets what only http-api needed; nothing else changes, and nothing is fetched.
cargo metadata --offline --format-version 1 >/dev/null
commit "Functions of our own"
expect 0 'my-http' "they are in the matrix with no other edit" env FUNCTION='' SINCE=HEAD^ scripts/github/functions.sh
expect 1 'http-api' "and what was removed is not" bash -c "package list | grep http-api || { echo 'no http-api'; exit 1; }"

if $whole; then
    expect 0 ' 0 failed' "its whole suite passes" scripts/test.sh
else
    expect 0 ' 0 failed' "its checks pass" scripts/test.sh checks
    for kind in "${kinds[@]}"; do
        expect 0 '' "both halves of my-$kind build" scripts/build.sh "my-$kind"
    done
    expect 0 '' "the other functions build" scripts/build.sh hasher
    expect 0 'test result: ok' "their tests pass, and those of what they are made of" \
        cargo test --locked --no-fail-fast -p shared -p package -p hasher -p my-plain -p my-http -p my-queue
    expect 0 '' "and have no lints" cargo clippy --locked -p my-plain -p my-http -p my-queue --all-targets -- -D warnings
fi
for kind in "${kinds[@]}"; do
    expect 0 'promoted' "my-$kind is promoted in the sandbox" scripts/deploy.sh "my-$kind" --sandbox --no-build
done
expect 1 'taken back' "a bad one is taken back" scripts/deploy.sh my-plain --sandbox --no-build --fault arm64:errors=5%
answer() {
    AWS_ENDPOINT_URL=$(sandbox_url) AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=us-east-1 \
        aws lambda invoke --function-name my-plain --qualifier live --payload '{}' "$work/answer" >/dev/null
    cat "$work/answer"
}
expect 0 'Hello AWS Lambda from Graviton!' "my-plain says hello" answer

# --- without any example -------------------------------------------------------------------------

for example in event-processor guard hasher; do
    rm -r "functions/$example"
    cargo metadata --offline --format-version 1 >/dev/null
    expect 0 '' "without $example the workspace is whole" package list
done
expect 0 '' "without any example it still builds" cargo check --locked --workspace --all-targets
commit "No examples any more"
expect 0 'test result: ok' "and its packer's tests take a function that is there" cargo test --locked -p package
rm -rf dist/{event-processor,guard,hasher}
expect 0 '' "what stands for all is a function that is there" test -d "functions/$(one_function)"
expect 0 'SKIPPED' "what was about an example says that it is gone" scripts/test/schemathesis.sh

all_as_expected
