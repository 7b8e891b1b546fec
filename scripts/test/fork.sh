#!/usr/bin/env bash
# A fork becomes a project of its own, as docs/tools.md says: without tools/, which come by version from a release that is
# served here; without the examples, with a function from each template. It passes its checks and tests, deploys to the
# sandbox, takes newer tools, and updates from a later template. All in a folder with a space in its name.
#
# Takes the tools, and the compiled crates of others, as they were built.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

# How many lines of text a fork may have in git, without lock files, licences and the functions of its own.
most_lines=10000

get_tools
work=$(mktemp -d)
server=''
cleanup() {
    (cd "$work/a fork" && sandbox stop >/dev/null 2>&1) || true
    [[ -z $server ]] || kill "$server"
    rm -rf "$work"
}
trap cleanup EXIT
export GIT_AUTHOR_NAME=fork GIT_AUTHOR_EMAIL=fork@example.com GIT_COMMITTER_NAME=fork GIT_COMMITTER_EMAIL=fork@example.com
commit() { git add --all && git commit --quiet --message "$1"; }

# --- releases as GitHub serves them ---------------------------------------------------------------

template=$work/github/octo-org/template
template_name=$(package project name)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' tools/Cargo.toml | head -n 1)
newer=${version%.*}.$((${version##*.} + 1))
fresh_copy "$template"
# The controller, which is released with them, as it was built: in a copy every crate of it would be compiled again.
[[ ! -d dist/controller ]] || cp -R --parents dist/controller "$template"
# release VERSION FOLDER-OF-TOOLS
release() {
    local folder=$template/releases/download/tools-v$1
    mkdir -p "$folder"
    (cd "$template" && TOOLS_BIN=$2 scripts/github/release-tools.sh "tools-v$1" && mv tools-*.tar.gz "$folder")
    (cd "$folder" && sha256sum tools-*.tar.gz >SHA256SUMS)
}
expect 2 "whose tag is tools-v$version" "a tag of another version is not released" scripts/github/release-tools.sh tools-v9.9.9
expect 0 "tools-$version-linux-$machine_architecture.tar.gz" "a release of the tools that are built here" release "$version" "$tools_bin"
touch "$work/served"
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/github" 0 >"$work/served" 2>&1 &
server=$!
for ((i = 0; i < 50; i++)); do ! grep -q Serving "$work/served" || break; sleep 0.1; done
port=$(sed -n 's/^Serving HTTP on .* port \([0-9]*\) .*/\1/p' "$work/served")
export TOOLS_RELEASES=http://127.0.0.1:$port
unset TOOLS_BIN

# --- whose it is ---------------------------------------------------------------------------------

# As "Use this template" does: the same files, and another history.
git clone --quiet "$template" "$work/a fork"
target=$target_folder
cd "$work/a fork"
rm -rf .git
git init --quiet --initial-branch main
commit "Initial commit"
# What setup.sh has installed here, but no tools.
mkdir .tools
find "$tools_folder/" -mindepth 1 -maxdepth 1 ! -name bin ! -name packed ! -name 'tools-*' -exec ln -s -t .tools {} +
expect 2 'lower-case letters' "a name that is none is refused" scripts/rename.sh Notary --region eu-central-1
expect 2 'looks like eu-central-1' "a region that is none is refused" scripts/rename.sh notary --region Frankfurt
expect 2 'OWNER/NAME@VERSION' "tools that are none are refused" scripts/rename.sh notary --region eu-central-1 --tools octo-org/template
expect 0 'notary: done' "the fork gets its name" scripts/rename.sh notary --region eu-central-1 --repository octo-org/notary --holder "Octo Org" --tools "octo-org/template@$version"
expect 0 "numeric ids of octo-org/notary are missing" "what fails on GitHub until they are known" scripts/rename.sh --repository octo-org/notary
expect 1 '^nothing$' "nothing of the template's own is left" bash -c \
    "git grep -nIE '$template_name|The contributors|end of (template|with tools)' -- . ':!scripts/rename.sh' || { echo nothing; exit 1; }"
# --- functions of its own ------------------------------------------------------------------------

examples=(functions/*)
mapfile -t kinds < <(ls templates)
for kind in "${kinds[@]}"; do
    expect 0 'scripts/deploy.sh' "a function like $kind" scripts/new-function.sh "my-$kind" --like "$kind"
done
expect 2 'my-plain' "a name that is taken is refused" scripts/new-function.sh my-plain
expect 2 'name' "a name that Lambda or cargo would refuse is refused" scripts/new-function.sh 'My_Function'
rm -r "${examples[@]}"
expect 0 'Cargo.lock: without event-processor, hasher, http-api, notary' "the lock file forgets them with the next script" env -u CI scripts/build.sh --help
own=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
expect 1 '' "and takes no other version of anything" bash -c "git diff --unified=0 Cargo.lock | grep '^+version' | grep -v '\"$own\"'"
commit "Functions of our own, and none of the examples"

# --- its tools -----------------------------------------------------------------------------------

tool() { bash -c 'source scripts/common.sh; get_tools; "$@"' tool "$@"; }
sums=$template/releases/download/tools-v$version/SHA256SUMS
sed -i.right 's/^..../0000/' "$sums"
expect 2 'is not what SHA256SUMS' "an archive with another checksum is refused" tool package --version
expect 2 '' "and nothing of it is there" ls .tools/bin/package
mv "$sums.right" "$sums"
mkdir "$work/gh"
# shellcheck disable=SC2016 # for sh
printf '#!/bin/sh\n[ "$1" = auth ] && exit 0\necho "$@" && exit 1\n' >"$work/gh/gh"
chmod +x "$work/gh/gh"
expect 2 'has no attestation of octo-org/template' "where gh is signed in, one without attestation too" \
    env PATH="$work/gh:$PATH" bash -c "$(declare -f tool); tool package --version"
expect 0 "^package $version\$" "the release that Cargo.toml names is fetched" tool package --version
expect 0 "^package $version\$" "and only once" env TOOLS_RELEASES=http://127.0.0.1:9 bash -c "$(declare -f tool); tool package --version"
export PATH="$PWD/.tools/bin:$PATH"
for key in name=notary region=eu-central-1 repository=octo-org/notary; do
    expect 0 "^${key#*=}\$" "its ${key%%=*} is known" package project "${key%%=*}"
done
expect 0 '"repository": "octo-org/notary"' "Terraform lets its workflows deploy" package resources

expect 0 'my-http' "its functions are in the matrix with no other edit" env FUNCTION='' scripts/github/functions.sh

# What was compiled of others' crates, the fork need not compile again. With sources that are newer: cargo takes a
# workspace elsewhere for the same one.
mkdir -p target/debug
cp -a "$target/functions" target 2>/dev/null || true
cp -a "$target"/debug/{build,deps,.fingerprint} target/debug 2>/dev/null || true
git ls-files -z '*.rs' | xargs -0 touch
expect 0 ' 0 failed' "its checks pass" scripts/test.sh checks
expect 0 '' "both builds of all functions" scripts/build.sh --all
expect 0 '"kind": "controller"' "the controller comes with the released tools" cat dist/controller/function.json
expect 0 'test result: ok' "its tests pass" cargo test --locked --workspace --no-fail-fast
expect 0 '' "and have no lints" cargo clippy --locked --workspace --all-targets -- -D warnings
expect 0 'promoted' "my-plain is promoted in the sandbox" scripts/deploy.sh my-plain --sandbox --no-build
expect 0 'as expected' "and answers its sample events" sandbox test my-plain
expect 1 'rolled back' "a bad one is rolled back" scripts/deploy.sh my-plain --sandbox --no-build --fault arm64:errors=5%
sandbox stop >/dev/null

# --- newer tools, by the version alone -----------------------------------------------------------

mkdir "$work/newer"
cp -RL .tools/bin/* "$work/newer"
for name in package rollout sandbox; do
    # shellcheck disable=SC2016 # for sh
    printf '#!/bin/sh\n[ "$1" = --version ] && echo "%s %s" || exec "%s" "$@"\n' "$name" "$newer" "$tools_bin/$name" >"$work/newer/$name"
done
sed -i "0,/^version = .*/s//version = \"$newer\"/" "$template/tools/Cargo.toml"
expect 0 "tools-$newer-linux" "a newer release" release "$newer" "$work/newer"
sed -i "/^tools = /s/$version/$newer/" Cargo.toml
expect 0 "^package $newer\$" "another version in Cargo.toml: the newer tools are fetched" tool package --version
sed -i "/^tools = /s/$newer/9.9.9/" Cargo.toml
expect 2 'no tools 9.9.9: neither' "a version that does not exist: what was tried, and what to do" env TOOLS_RELEASES="file://$work/github" bash -c "$(declare -f tool); tool package --version"
git checkout --quiet Cargo.toml
# Without an archive: a repository with three programs as small as can be, in a workspace tools/ as ours.
small=$work/github/octo-org/small
for name in package rollout sandbox; do
    mkdir -p "$small/tools/$name/src"
    printf '[package]\nname = "%s"\nversion = "0.0.9"\nedition = "2024"\n' "$name" >"$small/tools/$name/Cargo.toml"
    # shellcheck disable=SC2016 # Rust's macro
    printf 'fn main() { println!("{} 0.0.9, compiled", env!("CARGO_PKG_NAME")); }\n' >"$small/tools/$name/src/main.rs"
done
printf '[workspace]\nresolver = "3"\nmembers = ["*"]\n[profile.dist]\ninherits = "release"\n' >"$small/tools/Cargo.toml"
printf '[workspace]\nmembers = []\nexclude = ["tools"]\n' >"$small/Cargo.toml"
cargo generate-lockfile --quiet --offline --manifest-path "$small/tools/Cargo.toml"
(cd "$small" && git init --quiet && commit "Small" && git tag tools-v0.0.9)
expect 0 '' "tools of another repository" scripts/rename.sh --tools octo-org/small@0.0.9
expect 0 '^package 0.0.9, compiled$' "without an archive cargo compiles them" env TOOLS_RELEASES="file://$work/github" bash -c "$(declare -f tool); tool package --version"
git checkout --quiet Cargo.toml

# --- renamed again -------------------------------------------------------------------------------

sed -i 's/^# alarm_emails = .*/alarm_emails = ["us@example.com"]/' Cargo.toml
echo '- Something of ours' >>CHANGELOG.md
sed -i '1s/.*/# The notary of Octo Org/' README.md
commit "What people have written"
expect 0 'done' "renamed again, the region alone" scripts/rename.sh --region us-east-1
expect 0 '^-region = "eu-central-1"$' "the region is another" git diff --unified=0
expect 0 '^ 1 file changed, 1 insertion.*, 1 deletion' "and nothing else" git diff --shortstat
commit "Region"
expect 1 'is called notary-<environment>-\*, and stays' "another name: what is on AWS keeps the old one" scripts/rename.sh register
also 'scripts/destroy.sh --platform' "how it ends"
expect 0 '' "and nothing was changed" git diff --exit-code
expect 0 'done' "and again, with everything" scripts/rename.sh register --yes --region us-east-1 --repository octo-org/notary --holder "Octo Org" --tools "octo-org/template@$version"
expect 0 '^ 1 file changed, 1 insertion.*, 1 deletion' "changes the name and nothing else" git diff --shortstat
git checkout --quiet .

# --- a later template ----------------------------------------------------------------------------

expect 0 'nothing new' "the template has nothing new" scripts/update.sh --from "$template"
later() { (cd "$template" && sed -i "$2" "$1" && commit "$3"); }
git -C "$template" checkout --quiet tools
later infra/modules/function/logs.tf '1s/^/# Of the template.\n/' "Logs"
echo '# Ours.' >>infra/modules/function/logs.tf
commit "Ours"
expect 0 'Update from the template' "an update is one commit" scripts/update.sh --from "$template"
expect 0 '^# Of the template.$' "it brings what the template has changed" head -n 1 infra/modules/function/logs.tf
expect 0 '^# Ours.$' "and keeps what we have" tail -n 1 infra/modules/function/logs.tf
expect 0 '^Cargo.toml infra/modules/function/logs.tf $' "it touches nothing else" bash -c "git show --format= --name-only HEAD | tr '\n' ' '"
for file in scripts/destroy.sh scripts/test/controller.sh shared/src/lib.rs README.md; do
    later "$file" '2s/^/# Of the template.\n/' "$file"
done
git rm --quiet scripts/destroy.sh
commit "One less"
expect 0 'Update from the template' "another update" scripts/update.sh --from "$template"
expect 0 '^Cargo.toml$' "what was removed stays so, and nothing else is touched" git show --format= --name-only HEAD
expect 0 'nothing new' "then nothing is new" scripts/update.sh --from "$template"
later infra/modules/function/logs.tf '1s/.*/# Of the template, again./' "Logs again"
sed -i '1s/.*/# Of ours./' infra/modules/function/logs.tf
commit "Ours again"
expect 1 'UU infra/modules/function/logs.tf' "a conflict is shown" scripts/update.sh --from "$template"
expect 0 '^<<<<<<<' "and left to us" cat infra/modules/function/logs.tf
git cherry-pick --abort

# --- what it carries -----------------------------------------------------------------------------

# Text alone: what git finds a text line in.
git grep -Ic '' -- . ':!*.lock' ':!*.lock.hcl' ':!LICENSE-*' ':!functions' | awk -F: -v most="$most_lines" '
    { n = split($1, path, "/"); folder = n > 1 ? path[1] : "."; lines[folder] += $2; files[folder]++; all += $2 }
    END { for (folder in lines) printf "%7d lines %4d files  %s\n", lines[folder], files[folder], folder
          printf "%7d lines in all, at most %d\n", all, most; exit all > most }' ||
    failures=$((failures + 1))

all_as_expected
