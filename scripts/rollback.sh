#!/usr/bin/env bash
# Rolls back, at once: the candidate's weight to 0, or `live` to one version alone.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/scripts/names.sh"

usage="usage: scripts/rollback.sh <function> [--environment NAME] [--to VERSION | --list]

  without a flag   the candidate of the rollout that is under way gets no traffic any more
  --to VERSION     live serves this version alone: of an earlier pair, say
  --list           the versions that there are, and what live serves; changes nothing

Exit codes: 0 done, also where there was nothing to roll back; 2 could not run."
function='' environment='' version='' list=false
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --to) version=${2:?"--to needs a version"} && shift ;;
    --environment) environment=${2:?"--environment needs a name"} && shift ;;
    --list) list=true ;;
    -*) die 2 "unknown option $1"$'\n'"$usage" ;;
    *) function=$1 ;;
    esac
    shift
done
[[ -n $function ]] || die 2 "which function?"$'\n'"$usage"
environment_names "$environment"

[[ -x $tools_bin/rollout ]] || get_tools
if $list; then
    exec rollout status "$function"
elif [[ -n $version ]]; then
    rollout rollback "$function" --to "$version"
else
    rollout abort "$function"
fi
