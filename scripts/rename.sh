#!/usr/bin/env bash
# Turns a fork, or what "Use this template" has made, into your own project.
#
# A script of the repository, and no cargo-generate: the button asks nothing, so that what it makes
# must be turned into a project afterwards in any case, and this needs nothing installed.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: scripts/rename.sh <name> --region REGION [--repository OWNER/NAME] [--holder WHO]

  <name>         what your project is called: lower-case letters, digits, hyphens
  --region       the AWS region that it deploys to, like eu-central-1
  --repository   on GitHub: its workflows may then plan and deploy (default: as git's remote says)
  --holder       who holds the licence (default: git's user.name)

May be run again. What it writes: [workspace.metadata.project] of Cargo.toml, the title and the
template's own part of README.md, the licence's holder, a fresh CHANGELOG.md. It commits nothing."
name='' region='' repository='' holder=''
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --region) region=${2:?"--region needs a value"} && shift ;;
    --repository) repository=${2:?"--repository needs a value"} && shift ;;
    --holder) holder=${2:?"--holder needs a value"} && shift ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) [[ -z $name ]] || die 2 "one name: $name or $1?"; name=$1 ;;
    esac
    shift
done
[[ -n $name ]] || die 2 "what is your project called?"$'\n'"$usage"
[[ $name =~ ^[a-z][a-z0-9-]*[a-z0-9]$ && ${#name} -le 64 ]] || die 2 "$name: a name has lower-case letters, digits and hyphens, begins with a letter, and has 64 characters at most"
[[ -n $region ]] || die 2 "--region: where shall it deploy to?"
[[ $region =~ ^[a-z]{2}(-[a-z]+)+-[0-9]$ ]] || die 2 "$region: a region looks like eu-central-1"

remote=$(git remote get-url origin 2>/dev/null || true)
[[ -n $repository || ! $remote =~ github\.com[:/]([^/]+/[^/]+)$ ]] || repository=${BASH_REMATCH[1]%.git}
[[ -z $repository || $repository =~ ^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$ ]] || die 2 "$repository: a repository is OWNER/NAME"
holder=${holder:-$(git config user.name || true)}
[[ -n $holder ]] || die 2 "--holder: who holds the licence?"
special='[|&\\]'
[[ ! $holder =~ $special ]] || die 2 "--holder $holder: without |, & and \\"

table="name = \"$name\"\nregion = \"$region\""
if [[ -n $repository ]]; then
    github="repository = \"$repository\""
    # In the tokens of repositories made since 2026-07-15; needs a sign-in to gh, and can be added later.
    if ids=$(gh api "repos/$repository" --jq '"owner_id = \(.owner.id), repository_id = \(.id)"' 2>/dev/null); then
        github+=", $ids"
    fi
    table+="\ngithub = { $github }"
fi
sed -i "/^\[workspace\.metadata\.project\]/,/^\$/c\[workspace.metadata.project]\n$table\n" Cargo.toml

# The title, and the parts that speak of the template.
sed -i -e "1s|.*|# $name|" -e '/^<!-- template -->$/,/^<!-- end of template -->$/d' README.md
sed -i "s|^Copyright (c) \([0-9]*\) .*|Copyright (c) $(date +%Y) $holder|" LICENSE-MIT
cat >CHANGELOG.md <<'END'
# Changelog

What changes for those who use or run this, newest first
([Keep a Changelog](https://keepachangelog.com/en/1.1.0/)).

## Unreleased
END

say "$name is your own now"
cat <<END
Look at it (git diff), commit it, and go on:
  scripts/new-function.sh <name> --like http      a function of your own
  rm -r functions/<example>                       an example that you do not want, one or all
  scripts/deploy.sh <function> --sandbox          on this machine
  scripts/platform.sh                             once for the AWS account, then scripts/deploy.sh <function>
END
[[ -z $repository ]] || cat <<END
For deploys from GitHub, once scripts/platform.sh has printed the roles (more: infra/README.md):
  gh variable set AWS_REGION --body $region
  gh secret set AWS_PLAN_ROLE_ARN
  gh secret set AWS_DEPLOY_ROLE_ARN --env production
END
