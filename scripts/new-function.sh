#!/usr/bin/env bash
# Makes a new function from a template: scripts/new-function.sh <name> -> functions/<name>/
#
# Nothing else lists a function: members, builds, deploys and CI are found from the tree.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The name in the templates' Cargo.toml and sample events; it is not in their code.
placeholder=new-function

kinds=(templates/*)
kinds=("${kinds[@]#templates/}")
usage="usage: scripts/new-function.sh <name> [--like $(IFS='|' && echo "${kinds[*]}")]

  <name>          of the crate, of its folder, and on Lambda: 1 to 40 of a-z, 0-9 and -, a letter first
  --like KIND     the template (default: plain)
$(for kind in "${kinds[@]}"; do
    printf '                    %-6s %s\n' "$kind" "$(sed -n 's/^description = "\(.*\)"$/\1/p' "templates/$kind/Cargo.toml")"
done)

Exit codes: 0 done, 2 could not: then nothing was changed."

name='' kind=plain
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --like) (($# > 1)) || die 2 "--like needs a value: ${kinds[*]}"; kind=$2 && shift ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) [[ -z $name ]] || die 2 "one function at a time: $name or $1?"; name=$1 ;;
    esac
    shift
done
[[ -n $name ]] || die 2 "what shall it be called?"$'\n'"$usage"
[[ " ${kinds[*]} " == *" $kind "* ]] || die 2 "there is no template $kind: take one of ${kinds[*]}"

# Lambda allows 64 characters, and so does IAM: a function's role is called <name>-<region>.
[[ $name =~ ^[a-z][a-z0-9-]{0,39}$ && $name != *- ]] ||
    die 2 "$name does not do as a name: take 1 to 40 of a-z, 0-9 and -, a letter first and no - at the end"
# The crate's name is a Rust identifier, with _ for -.
keywords=" abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen
 if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type
 typeof unsafe unsized use virtual where while yield "
[[ " ${keywords//$'\n'/} " != *" $name "* ]] || die 2 "$name is a keyword of Rust: take another name"
# Other names that cargo keeps for itself, the tools' function, and the placeholder.
taken=" alloc build controller core deps examples incremental proc-macro std test $placeholder "
[[ $taken != *" $name "* ]] || die 2 "$name means something else to cargo or to the scripts: take another name"
# Its queue has the same name, and queues and tables have 3 characters at least.
[[ $kind != queue || ${#name} -ge 3 ]] || die 2 "$name is too short for a queue's name: take 3 characters or more"
[[ ! -e functions/$name ]] || die 2 "functions/$name is there already: take another name, or remove it"
# Else `cargo build -p <name>` would not know which of the two.
locked=$(sed -n 's/^name = "\(.*\)"$/ \1 /p' Cargo.lock | tr _ -)
[[ $locked != *" $name "* ]] || die 2 "Cargo.lock has a package $name: take another name"

lock=$(mktemp)
cp Cargo.lock "$lock"
undo() {
    rm -rf "functions/$name"
    cp "$lock" Cargo.lock
    rm -f "$lock"
}
trap undo EXIT

cp -R "templates/$kind" "functions/$name"
grep -rl -e "$placeholder" "functions/$name" | xargs perl -pi -e "s/$placeholder/$name/g"

# Adds only the new crate to Cargo.lock, since builds use --locked. Its dependencies are there already, because `shared`
# has them too. So no registry is needed, unless this machine has never built the workspace.
cargo update --workspace --offline --quiet 2>/dev/null || cargo update --workspace --quiet ||
    die 2 "cargo cannot add $name to Cargo.lock, see above; functions/$name is removed again"

trap - EXIT
rm -f "$lock"

next() { printf '  %-*s  %s\n' $((${#name} + 31)) "$1" "$2"; }
say "made functions/$name from templates/$kind, and added it to Cargo.lock"
cat <<END
Its code is in src/, its settings in Cargo.toml, its sample events in events/, each with the answer that both builds
must give before any traffic moves. Choose events that leave nothing behind. Next, in this order:
END
next "cargo test -p $name" "its own tests"
next "scripts/deploy.sh $name --sandbox" "the whole rollout on this machine, with no AWS account"
next "git add --all && git commit" "a version says which commit it is"
[[ -f dist/controller/function.json ]] ||
    next "scripts/build.sh controller" "with an account: what moves the rollouts on, for the platform"
next "scripts/platform.sh" "with an account: its tables, queues and rights; again when these change"
next "scripts/deploy.sh $name" "the rollout on AWS; a push to main does the same"
