#!/usr/bin/env bash
# Updates scripts/, infra/, .github/ and templates/ from a later version of the template, as one commit. Your own changes
# there are merged; functions/, shared/ and everything else stay as they are.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: scripts/update.sh [--from REPOSITORY] [--to REF] [--base COMMIT]

  --from REPOSITORY   the template: a URL or a folder (default: as Cargo.toml says)
  --to REF            its branch, tag or commit (default: the branch that it shows)
  --base COMMIT       the template's commit that this project began with (default: as Cargo.toml says)

Exit codes: 0 done, or nothing new; 1 conflicts, to be resolved; 2 could not."
from='' to=HEAD base=''
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --from) from=${2:?"--from needs a value"} && shift ;;
    --to) to=${2:?"--to needs a value"} && shift ;;
    --base) base=${2:?"--base needs a value"} && shift ;;
    *) die 2 "unknown argument $1"$'\n'"$usage" ;;
    esac
    shift
done
[[ -z $(git status --porcelain --untracked-files=no) ]] || die 2 "there are changes that are not committed: commit or stash them, so that this can be one commit"

# project KEY...: prints a setting of Cargo.toml, or nothing.
project() {
    cargo metadata --no-deps --format-version 1 | python3 -c '
import functools, json, sys
print(functools.reduce(lambda table, key: (table or {}).get(key), sys.argv[1:], json.load(sys.stdin)["metadata"]["project"]) or "")' "$@"
}
name=$(project name) region=$(project region)
tools=$(project tools repository)@$(project tools version)
repository=$(project template repository)
base=${base:-$(project template commit)}
from=${from:-$repository}
[[ -n $from ]] || die 2 "--from: where is the template?"
[[ -n $base ]] || die 2 "--base: what commit of the template did this begin with?"
[[ ! $from =~ ^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$ || -d $from ]] || from=${TOOLS_RELEASES:-https://github.com}/$from

git fetch --quiet --no-tags "$from" "$to" || die 2 "$from has no $to, see above"
new=$(git rev-parse FETCH_HEAD)
# "Use this template" makes a commit of its own with the same files.
if ! git merge-base --is-ancestor "$base" "$new" 2>/dev/null; then
    tree=$(git rev-parse --verify --quiet "$base^{tree}") || die 2 "there is no commit $base, neither here nor in $from: --base names another"
    base=$(git log --format='%T %H' "$new" | sed -n "s/^$tree //p" | head -n 1)
    [[ -n $base ]] || die 2 "$from has no commit with the files that this project began with: --base names the one that is nearest"
fi
[[ $base != "$new" ]] || { echo "$from has nothing new since ${base:0:12}" && exit 0; }

folders=(scripts infra .github templates)
[[ ! -d tools ]] || folders+=(tools)
flags=(--region "${region:-us-east-1}" --holder nobody)
[[ $tools == @ ]] || flags+=(--tools "$tools")
work=$(mktemp -d)
trap 'rm -rf "$work"; git worktree prune' EXIT

# as_this_project COMMIT: prints the tree that the template's own rename.sh makes of that commit.
as_this_project() {
    git worktree add --quiet --detach "$work/$1" "$1"
    (cd "$work/$1" && scripts/rename.sh "$name" "${flags[@]}" >/dev/null && git add --all && git write-tree)
    git worktree remove --force "$work/$1"
}

# commit_with TREE PARENT: makes a commit of this project with these folders as in the tree, without the files that this
# project has removed on purpose.
commit_with() {
    (
        export GIT_INDEX_FILE=$work/index
        git read-tree HEAD
        git rm --quiet -r --cached -- "${folders[@]}"
        git ls-tree -r "$1" -- "${folders[@]}" | git update-index --index-info
        [[ ! -s $work/removed ]] || git rm --quiet --cached --ignore-unmatch --pathspec-from-file="$work/removed" --pathspec-file-nul
        [[ $2 == HEAD ]] || git update-index --cacheinfo "100644,$(git hash-object -w "$work/Cargo.toml"),Cargo.toml"
        git commit-tree "$(git write-tree)" -p "$2" -m "Update from the template: ${base:0:12} to ${new:0:12}"
    )
}
before=$(as_this_project "$base")
after=$(as_this_project "$new")
git diff -z --name-only --diff-filter=D "$before" HEAD -- "${folders[@]}" >"$work/removed"
cp Cargo.toml "$work"
set_key "$work/Cargo.toml" template "{ ${repository:+repository = \"$repository\", }commit = \"$new\" }"

outcome=0
git cherry-pick "$(commit_with "$after" "$(commit_with "$before" HEAD)")" >"$work/said" 2>&1 || outcome=$?
if [[ $outcome != 0 ]]; then
    [[ -n $(git ls-files --unmerged) ]] || die 2 "git cherry-pick: $(<"$work/said")"
    git status --short | grep -E '^(DD|AU|UD|UA|DU|AA|UU) ' >&2
    die 1 "these files have conflicts: resolve them, git add them, and git cherry-pick --continue; or git cherry-pick --abort"
fi
git show --stat --format='%h %s' HEAD
there=$(git show "$new:tools/Cargo.toml" 2>/dev/null | sed -n 's/^version = "\(.*\)"$/\1/p' | head -n 1)
[[ $tools == @ || -z $there || $tools == *@"$there" ]] || echo "Its tools are at $there, yours at ${tools#*@}: scripts/rename.sh --tools ${tools%@*}@$there"
