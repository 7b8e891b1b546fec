#!/usr/bin/env bash
# Makes what all functions share in an AWS account and region, by Terraform: states, roles, tables, queues.
# Run it once before the first deploy, and again when a table, a queue or a function was added.
source "$(dirname "${BASH_SOURCE[0]}")/aws-common.sh"

usage="usage: scripts/platform.sh [--plan] [--yes] [--no-build]

  --plan       say what would change, and change nothing
  --yes        do not ask
  --no-build   use infra/platform/resources.auto.tfvars.json as it is, for a machine without cargo

Settings (the GitHub repository, who gets alarms, tags): infra/platform/terraform.tfvars."
plan_only=false yes=false build=true
for flag in "$@"; do
    case $flag in
    -h | --help) echo "$usage" && exit 0 ;;
    --plan) plan_only=true ;;
    --yes) yes=true ;;
    --no-build) build=false ;;
    *) die 2 "unknown option $flag"$'\n'"$usage" ;;
    esac
done

if $build; then
    scripts/setup.sh
    get_tools
    package resources >infra/platform/resources.auto.tfvars.json
fi
connect

# This configuration makes the bucket of its own state. So the first apply keeps its state in a local file, and then moves
# it into the bucket. A run that is killed in between leaves the file, and the next run continues with it.
local_state=infra/platform/terraform.tfstate
override=infra/platform/bootstrap_override.tf
trap 'rm -f "$override"' EXIT
first=false
if [[ -s $local_state ]]; then
    first=true
elif ! answer=$(aws s3api head-bucket --bucket "$state_bucket" 2>&1); then
    # Only "not found" may begin a new state: not a missing right, another account's bucket, or no network.
    [[ $answer == *"(404)"* ]] || die 2 "it cannot be told whether the states' bucket $state_bucket exists: ${answer##*$'\n'}"
    first=true
fi
if $first; then
    printf 'terraform {\n  backend "local" {}\n}\n' >"$override"
    export TF_DATA_DIR=$terraform_folder/bootstrap
    terraform -chdir=infra/platform init -no-color -lockfile=readonly ${TF_PLUGIN_DIR:+-plugin-dir="$TF_PLUGIN_DIR"} -reconfigure >/dev/null ||
        die 2 "terraform init failed, see above"
else
    terraform_init platform platform.tfstate
fi

say "what Terraform would change in account $account, region $region"
plan=$TF_DATA_DIR/plan
if $plan_only; then
    terraform_plan platform "$plan" -lock=false || true
    rm -f "$plan"
    echo "This was a plan: nothing was changed."
    exit 0
fi
if ! terraform_plan platform "$plan"; then
    confirm "Do this?"
    terraform_apply platform "$plan"
fi
rm -f "$plan"

if $first; then
    say "the state moves into $state_bucket"
    rm "$override"
    # With the same data folder, which says where the state is now.
    terraform -chdir=infra/platform init -no-color -lockfile=readonly -migrate-state -force-copy -backend-config="bucket=$state_bucket" \
        -backend-config="key=platform.tfstate" -backend-config="region=$region" ${TF_PLUGIN_DIR:+-plugin-dir="$TF_PLUGIN_DIR"} >/dev/null ||
        die 2 "the state could not be moved, see above: run this again"
    rm -f "$local_state" "$local_state.backup"
    rm -rf "$TF_DATA_DIR"
fi
