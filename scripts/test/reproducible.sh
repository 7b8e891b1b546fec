#!/usr/bin/env bash
# Builds a function in a copy of the tree in another folder, and compares the artifacts with those in dist/: the same
# sources must give the same bytes. And other sources others, whatever they are: of a small function each kind of source is
# changed in turn, and every time both builds are to be deployed.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

# One function is enough: all are built in the same way, and a second build of each would double the time.
function=${1:-$(one_function)}
[[ -f dist/$function/function.json ]] || die 2 "dist/$function is missing: run scripts/build.sh $function"

elsewhere=$(mktemp -d)
cleanup() { (cd "$elsewhere/small" && sandbox stop >/dev/null 2>&1) || true; rm -rf "$elsewhere"; }
trap cleanup EXIT
fresh_copy "$elsewhere/copy"
env -u CARGO_TARGET_DIR TOOLS_BIN="$tools_bin" "$elsewhere/copy/scripts/build.sh" "$function"

for architecture in arm64 x86_64; do
    cmp "dist/$function/$architecture.zip" "$elsewhere/copy/dist/$function/$architecture.zip" ||
        die 1 "$architecture.zip differs between $root and $elsewhere/copy"
done
echo "$function: both builds are identical, built in $root and in $elsewhere/copy"

# --- what a build is made from -------------------------------------------------------------------

small=$elsewhere/small
mkdir -p "$small"/{functions/small/src,texts} "$elsewhere"/{library,dependency}/src
cd "$small"
commit() { # FOLDER
    git -C "$1" add --all && git -C "$1" -c user.name=test -c user.email=test@example.com commit --quiet --message change
}
for crate in library dependency; do
    printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n' "$crate" >"$elsewhere/$crate/Cargo.toml"
    echo 'pub fn text() -> &'"'static str { \"$crate 1\" }" >"$elsewhere/$crate/src/lib.rs"
    git -C "$elsewhere/$crate" init --quiet --initial-branch main
    commit "$elsewhere/$crate"
done
cp -R "$root/scripts" "$root/rust-toolchain.toml" .
printf '/target/\n/dist/\n/.tools\n/.sandbox/\n' >.gitignore
ln -s "$tools_folder" .tools
# The lock file stays as it is, as in CI.
export TOOLS_BIN=$tools_bin CI=true
cat >Cargo.toml <<'END'
[workspace]
resolver = "3"
members = ["functions/*"]
exclude = ["library"]
END
cat >functions/small/Cargo.toml <<END
[package]
name = "small"
version = "0.1.0"
edition = "2024"

[dependencies]
library = { path = "../../library" }
dependency = { git = "file://$elsewhere/dependency", branch = "main" }
END
cat >functions/small/src/main.rs <<'END'
mod linked;
mod module;

fn main() {
    println!("{} {} {} {} {}", include_str!("../../../texts/included.txt"), linked::TEXT, module::TEXT, library::text(), dependency::text());
}
END
echo 'included 1' >texts/included.txt
echo 'pub const TEXT: &str = "linked 1";' >texts/linked.rs
ln -s ../../../texts/linked.rs functions/small/src/linked.rs
echo 'pub const TEXT: &str = "module 1";' >functions/small/src/module.rs
git init --quiet --initial-branch main
git -c protocol.file.allow=always submodule --quiet add "file://$elsewhere/library" library
cargo generate-lockfile --quiet
commit .
expect 0 '' "a small function is built" scripts/build.sh small
sandbox start --port 0 >/dev/null
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL
is_deployed() { sandbox apply small && rollout publish small && rollout rollback small --to arm64; }
says() { scripts/build.sh small >/dev/null && rollout deployed small; }
expect 0 'live now serves version 2' "and deployed" is_deployed

echo 'Nothing that is built.' >README.md
commit .
expect 0 'is deployed: live serves version 2' "a commit that changes nothing of it is deployed already" says
both='its x86_64 build and arm64 build differ from version 2'
change() { # WHAT FILE: the claim that both builds are to be deployed
    sed -i 's/ 1/ 2/' "$2"
    commit .
    expect 0 "$both" "another $1" says
    sed -i 's/ 2/ 1/' "$2"
    commit .
}
change 'file of an include_str!' texts/included.txt
change 'file behind a symlink' texts/linked.rs
change 'module' functions/small/src/module.rs
for crate in library dependency; do
    sed -i 's/ 1/ 2/' "$elsewhere/$crate/src/lib.rs"
    commit "$elsewhere/$crate"
done
git -c protocol.file.allow=always submodule --quiet update --remote
commit .
expect 0 "$both" "another commit of a submodule" says
git revert --no-edit HEAD >/dev/null 2>&1 || git -c user.name=test -c user.email=test@example.com revert --no-edit HEAD >/dev/null
git submodule --quiet update
expect 0 'is deployed: live serves version 2' "and back: deployed already" says
cargo update --quiet --package dependency
commit .
expect 0 "$both" "another commit of a git dependency" says

all_as_expected
