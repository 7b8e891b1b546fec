#!/usr/bin/env bash
# Plans every function in dist/, four at a time, and writes what would change to the job's summary.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

plans=$(mktemp -d)
export plans
# One plugin for all of them.
export TF_PLUGIN_CACHE_DIR=${TF_PLUGIN_CACHE_DIR:-$root/.terraform/plugins}
mkdir -p "$TF_PLUGIN_CACHE_DIR"
mapfile -t functions < <(package list)
# shellcheck disable=SC2016 # for the other shells
printf '%s\n' "${functions[@]}" | xargs -P 4 -I {} bash -c 'scripts/deploy.sh "$1" --plan --any-order --no-build >"$plans/$1" 2>&1 || echo "exit code $?" >>"$plans/$1.failed"' plan {}
for function in "${functions[@]}"; do
    if [[ ! -f $plans/$function.failed ]] && grep -q "^$function: nothing to change" "$plans/$function"; then
        echo "$function: nothing to change"
        continue
    fi
    # shellcheck disable=SC2016 # Markdown
    printf '<details><summary>%s</summary>\n\n```text\n%s\n```\n\n</details>\n' "$function" "$(<"$plans/$function")"
done | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
failed=$(cd "$plans" && compgen -G '*.failed') || exit 0
die 2 "no plan of ${failed//.failed/}, see above"
