#!/usr/bin/env bash
# Makes a fork, or what "Use this template" has made, your own project.
#
# A script and not cargo-generate, because "Use this template" asks nothing, so a step afterwards is needed in any case,
# and this one needs nothing installed.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: scripts/rename.sh <name> --region REGION [--repository OWNER/NAME] [--holder WHO] [--tools OWNER/NAME@VERSION] [--yes]

  <name>         what your project is called: lower-case letters, digits, hyphens
  --region       the AWS region that it deploys to, like eu-central-1
  --repository   on GitHub: its workflows may then plan and deploy (default: as git's remote says)
  --holder       who holds the licence (default: git's user.name)
  --tools        use the tools that this repository has released, like 1.2.3, and remove tools/ with
                 everything about it
  --yes          another name than before, although what is on AWS keeps the old one

May be run again, also with only one flag: it changes what the arguments say and nothing else. The first
time it also removes what README.md says about the template, and starts CHANGELOG.md. It commits nothing."
name='' region='' repository='' holder='' tools='' yes=false
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --region) region=${2:?"--region needs a value"} && shift ;;
    --repository) repository=${2:?"--repository needs a value"} && shift ;;
    --holder) holder=${2:?"--holder needs a value"} && shift ;;
    --tools) tools=${2:?"--tools needs a value"} && shift ;;
    --yes) yes=true ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) [[ -z $name ]] || die 2 "one name: $name or $1?"; name=$1 ;;
    esac
    shift
done
# The first time, Cargo.toml does not say yet which commit of the template this comes from.
first=true
! grep -q '^template = ' Cargo.toml || first=false
if $first; then
    [[ -n $name ]] || die 2 "what is your project called?"$'\n'"$usage"
    [[ -n $region ]] || die 2 "--region: where shall it deploy to?"
    holder=${holder:-$(git config user.name || true)}
    [[ -n $holder ]] || die 2 "--holder: who holds the licence?"
    remote=$(git remote get-url origin 2>/dev/null || true)
    [[ -n $repository || ! $remote =~ github\.com[:/]([^/]+/[^/]+)$ ]] || repository=${BASH_REMATCH[1]%.git}
    commit=$(git rev-parse --verify HEAD) || die 2 "this is no git repository with a commit: scripts/update.sh has to know what it began with"
fi
[[ -z $name || $name =~ ^[a-z][a-z0-9-]*[a-z0-9]$ && ${#name} -le 29 ]] || die 2 "$name: a name has lower-case letters, digits and hyphens, begins with a letter, and has 29 characters at most: every name on AWS begins with it"
[[ -z $region || $region =~ ^[a-z]{2}(-[a-z]+)+-[0-9]$ ]] || die 2 "$region: a region looks like eu-central-1"
is_repository='^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$'
[[ -z $repository || $repository =~ $is_repository ]] || die 2 "$repository: a repository is OWNER/NAME"
tools_repository=${tools%@*} tools_version=${tools##*@}
[[ -z $tools || $tools == *@* && $tools_repository =~ $is_repository && $tools_version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] ||
    die 2 "--tools $tools: released tools are OWNER/NAME@VERSION, like octo-org/template@1.2.3"
before=$(sed -n '/^\[workspace\.metadata\.project\]/,/^$/s/^name = "\(.*\)"$/\1/p' Cargo.toml)
$first || $yes || [[ ${name:-$before} == "$before" ]] ||
    die 1 "nothing was changed. What is on AWS is called $before-<environment>-*, and stays: functions that serve, tables and queues with their data, states, roles, alarms. As $name, no script finds it again, and scripts/platform.sh makes everything anew.
To end it, now, while the project has the old name, in each environment of infra/environments: scripts/destroy.sh <function> --environment NAME for every function, then scripts/destroy.sh --platform --environment NAME.
When nothing is there, or it is to stay: --yes"
special='[|&\\/$@]'
[[ ! $holder =~ $special ]] || die 2 "--holder $holder: without |, &, /, \$, @ and \\"

# without_parts MARKER: removes from all texts what is between the comments MARKER and "end of MARKER".
# shellcheck disable=SC2016 # perl's variables
without_parts() {
    git grep -lIE "^ *(#|<!--) end of $1( -->)?\$" | MARKER=$1 xargs perl -0pi -e \
        's{^\ *(?:\#|<!--)\ \Q$ENV{MARKER}\E(?:\ -->)?\n.*?^\ *(?:\#|<!--)\ end\ of\ \Q$ENV{MARKER}\E(?:\ -->)?\n}{}msg'
}

if $first; then
    # Tells this project's platform in an AWS account from another's of the same name.
    set_key Cargo.toml id "\"$(python3 -c 'import uuid; print(uuid.uuid4())')\""
    set_key Cargo.toml template "{ ${tools:+repository = \"$tools_repository\", }commit = \"$commit\" }"
    without_parts template
    perl -pi -e "s|.*|# $name| if \$. == 1" README.md
    cat >CHANGELOG.md <<'END'
# Changelog

What changes for those who use or run this, newest first
([Keep a Changelog](https://keepachangelog.com/en/1.1.0/)).

## Unreleased
END
fi
if [[ -n $name ]]; then
    set_key Cargo.toml name "\"$name\""
    perl -pi -e "s|^# \Q$before\E\$|# $name| if \$. == 1" README.md
fi
[[ -z $region ]] || set_key Cargo.toml region "\"$region\""
if [[ -n $repository ]]; then
    # The ids are in the tokens of repositories made since 2026-07-15. Needs gh to be signed in; can be added later.
    ids=$(gh api "repos/$repository" --jq '"owner_id = \(.owner.id), repository_id = \(.id)"' 2>/dev/null) || ids=''
    set_key Cargo.toml github "{ repository = \"$repository\"${ids:+, $ids} }"
fi
[[ -z $holder ]] || perl -pi -e "s|^Copyright \(c\) \d+ .*|Copyright (c) $(date +%Y) $holder|" LICENSE-MIT

if [[ -n $tools ]]; then
    set_key Cargo.toml tools "{ repository = \"$tools_repository\", version = \"$tools_version\" }"
    if [[ -f tools/Cargo.toml ]]; then
        without_parts "with tools/"
        mapfile -t gone < <(sed 's/#.*//; /^ *$/d' scripts/with-tools.txt)
        # Links to removed files go to the repository that the tools come from.
        # shellcheck disable=SC2016 # perl's variables
        git ls-files -z '*.md' | GONE=$(IFS='|' && echo "${gone[*]//./\\.}") URL=https://github.com/$tools_repository/blob/tools-v$tools_version \
            xargs -0 perl -pi -e 's{\]\((?:\.\./)*((?:$ENV{GONE})(?:[/#][^)]*)?)\)}{]($ENV{URL}/$1)}g'
        rm -rf "${gone[@]}"
    fi
fi

say "${name:-$before}: done"
cat <<END
Look at it (git diff), commit it, and go on:
  scripts/new-function.sh <name> --like http      a function of your own
  rm -r functions/<example>                       an example that you do not want, one or all
  scripts/deploy.sh <function> --sandbox          on this machine
  scripts/platform.sh                             once for the AWS account, then scripts/deploy.sh <function>
  scripts/update.sh                               when the template has something new
END
[[ -z $repository ]] || cat <<END
For deploys from GitHub: infra/README.md, step 5.
END
[[ -z $repository || -n $ids ]] || cat <<END
GitHub's numeric ids of $repository are missing: gh is not signed in, or there is no such repository yet. A repository made
since 2026-07-15 has them in its tokens, and without them AWS refuses its workflows: "Not authorized to perform
sts:AssumeRoleWithWebIdentity". When it exists: gh auth login, and scripts/rename.sh --repository $repository; then
scripts/platform.sh, which tells AWS.
END
