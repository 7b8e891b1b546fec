#!/usr/bin/env bash
# Rolls back, at once: the candidate's weight to 0, or `live` to one version alone. By the AWS CLI alone: it needs no build,
# no tools and no sources, so it sources nothing that asks cargo.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$PATH:$root/.tools/clients/bin"

usage="usage: scripts/rollback.sh <function> [--environment NAME] [--to VERSION | --list]

  without a flag   the candidate of the rollout that is under way gets no traffic any more
  --to VERSION     live serves this version alone: of an earlier pair, say; arm64 or x86_64 are those of the newest pair
  --list           the versions that there are, and what the aliases serve; changes nothing

The version that was rolled back is not started again by itself: rollout retry <function>.

Exit codes: 0 done, also where there was nothing to roll back; 2 could not run."
die() { # EXIT-CODE WHAT
    echo "rollback.sh: ${*:2}" >&2
    exit "$1"
}
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
command -v aws >/dev/null || die 2 "the AWS CLI is not installed: scripts/setup.sh --clients, or https://aws.amazon.com/cli/"
source "$root/scripts/names.sh"
environment_names "$environment"
on_aws=$FUNCTION_PREFIX$function

# ask OPERATION [FLAG]...: about the function, as words.
ask() { aws lambda "$1" --function-name "$on_aws" --output text "${@:2}"; }

if $list; then
    ask list-versions-by-function --output table --query "Versions[?Version != '\$LATEST'].{Version: Version, Architecture: Architectures[0], Built: Description, Published: LastModified}"
    exec aws lambda list-aliases --function-name "$on_aws" --output table \
        --query 'Aliases[].{Alias: Name, Version: FunctionVersion, Weights: to_string(RoutingConfig.AdditionalVersionWeights), Says: Description}'
fi

# A rollout may set the weight at the same moment: RevisionId then makes Lambda refuse, and what is there is read again.
for ((attempt = 1; ; attempt++)); do
    # shellcheck disable=SC2016 # a literal of the query
    alias=$(ask get-alias --name live --query '[FunctionVersion, RevisionId, keys(not_null(RoutingConfig.AdditionalVersionWeights, `{}`))[0]]') ||
        die 2 "$function has no alias live that could be read, see above"
    read -r serves revision candidate <<<"$alias"
    [[ $candidate != None ]] || candidate=''
    case $version in
    '') to=$serves ;;
    arm64 | x86_64) to=$(ask get-alias --name "$version" --query FunctionVersion) || die 2 "$function has no alias $version that could be read, see above" ;;
    *) to=$version ;;
    esac
    if [[ -z $candidate && $to == "$serves" ]]; then
        echo "nothing to roll back: live of $function serves version $serves alone"
        exit 0
    fi
    # From the candidate, or from what served alone; to the candidate, from what served beside it.
    rolled_back=${candidate:-$serves}
    [[ $rolled_back != "$to" ]] || rolled_back=$serves
    # The same words as in tools/rollout/src/delivery/record.rs, which reads them.
    if said=$(ask update-alias --name live --revision-id "$revision" --function-version "$to" --routing-config 'AdditionalVersionWeights={}' \
        --description "version $to set by rollback of version $rolled_back" --query FunctionVersion 2>&1); then
        echo "version $rolled_back of $function is rolled back: live serves version $said alone"
        exit 0
    fi
    [[ $said == *PreconditionFailed* && $attempt -lt 5 ]] || die 2 "live of $function was not changed: $said"
done
