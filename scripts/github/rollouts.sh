#!/usr/bin/env bash
# Says on GitHub how the rollouts have ended whose deployments are `in_progress`: their jobs had ended before.
#   rollouts.sh --list   the environments that have some, as `environments=[...]` for GITHUB_OUTPUT
#   rollouts.sh          those of ENVIRONMENT, by what their own runs have built
# It sources nothing that asks cargo, which would install a compiler every quarter of an hour.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
die() { # EXIT-CODE WHAT
    echo "rollouts.sh: ${*:2}" >&2
    exit "$1"
}
source scripts/github/deployments.sh

# A line each: id, environment, function, run. Those of 90 days: as long GitHub keeps what a run has built, so that of older
# ones an earlier run of this has said the end.
under_way=$(
    python3 - "${GITHUB_REPOSITORY%/*}" "${GITHUB_REPOSITORY#*/}" <<'END'
import datetime, json, subprocess, sys
query = """query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) {
    deployments(first: 100, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
        nodes { databaseId environment task state payload createdAt } pageInfo { hasNextPage endCursor }
    } } }"""
oldest = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=90)).isoformat()
fields, more = {"owner": sys.argv[1], "name": sys.argv[2], "query": query}, True
while more:
    command = ["gh", "api", "graphql"] + [word for field in fields.items() for word in ("--raw-field", "=".join(field))]
    answer = subprocess.run(command, stdout=subprocess.PIPE)
    if answer.returncode:
        sys.exit("rollouts.sh: GitHub does not list the deployments, see above")
    page = json.loads(answer.stdout)["data"]["repository"]["deployments"]
    for deployment in page["nodes"]:
        if deployment["task"] == "rollout" and deployment["state"] == "IN_PROGRESS":
            payload = deployment["payload"]
            while isinstance(payload, str):
                payload = json.loads(payload)
            print(deployment["databaseId"], deployment["environment"], payload["function"], payload["run"])
    more = page["pageInfo"]["hasNextPage"] and page["nodes"][-1]["createdAt"] > oldest
    fields["after"] = page["pageInfo"]["endCursor"]
END
)

if [[ ${1:-} == --list ]]; then
    environments=$(cut -d ' ' -f 2 <<<"$under_way" | sort -u | sed '/^$/d; s/.*/"&"/' | paste -sd ,)
    echo "environments=[$environments]" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
    exit 0
fi

source scripts/names.sh
environment_names "$ENVIRONMENT"
# What a deployment's own run has built, by the tools of that run.
while read -r deployment in_environment function run; do
    [[ $in_environment == "$environment" ]] || continue
    work=$(mktemp -d)
    state=''
    if ! said=$(gh run download "$run" --name tools --name "dist-$function" --dir "$work" 2>&1 </dev/null); then
        # GitHub keeps artifacts for a while.
        [[ $said != *"no valid artifacts"* && $said != *"HTTP 404"* ]] || state=inactive reason="was built by run $run, of which nothing is left to be compared with what is deployed"
    else
        tar --extract --file "$work/tools/tools.tar" --directory "$work"
        said=$(PATH=$work/.tools/packed:$PATH state_on_github "$function" "$work/dist-$function" 2>&1 </dev/null) && read -r state reason <<<"$said"
    fi
    rm -r "$work"
    if [[ -z $state ]]; then
        # The next run asks again.
        echo "::warning title=$function in $environment::it is not known how its rollout goes: $said"
        continue
    fi
    echo "$function in $environment is $state: $reason"
    [[ $state == in_progress ]] || set_status "$deployment" "$state" "$function $reason"
done <<<"$under_way"
