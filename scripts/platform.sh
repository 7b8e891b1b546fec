#!/usr/bin/env bash
# Makes what all functions of the project share in an environment, by Terraform: states, roles, tables, queues,
# and the controller of the rollouts. Run it once before the first deploy, and again when a table or a queue was added.
source "$(dirname "${BASH_SOURCE[0]}")/aws-common.sh"

usage="usage: scripts/platform.sh [--environment NAME] [--plan] [--yes] [--no-build]

  --environment NAME
               a file of infra/environments (default: the only one, or production)
  --plan       say what would change, and change nothing
  --yes        do not ask
  --no-build   use infra/platform/resources.auto.tfvars.json as it is, for a machine without cargo

Settings: infra/environments/NAME.tfvars, and [workspace.metadata.project] of Cargo.toml."
environment='' plan_only=false yes=false build=true
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --plan) plan_only=true ;;
    --yes) yes=true ;;
    --no-build) build=false ;;
    --environment) environment=${2:?"--environment needs a name"} && shift ;;
    *) die 2 "unknown option $1"$'\n'"$usage" ;;
    esac
    shift
done

if $build; then
    scripts/setup.sh
    get_tools
    package resources >infra/platform/resources.auto.tfvars.json
fi
connect "$environment"

# This configuration makes the bucket of its own state. So the first apply keeps its state in a local file, and then moves
# it into the bucket. A run that is killed in between leaves the file, and the next run continues with it.
state_file=$prefix.tfstate
first=false
if [[ -s infra/platform/$state_file ]]; then
    first=true
elif ! answer=$(aws s3api head-bucket --bucket "$state_bucket" 2>&1); then
    # Only "not found" may begin a new state: not a missing right, another account's bucket, or no network.
    [[ $answer == *"(404)"* ]] || die 2 "it cannot be told whether the states' bucket $state_bucket exists: ${answer##*$'\n'}"
    first=true
fi
if $first; then
    export TF_DATA_DIR=$terraform_folder/$environment/bootstrap
    local_state platform "$state_file" -reconfigure
else
    terraform_init platform platform.tfstate
    theirs=$(terraform -chdir=infra/platform output -raw owner 2>/dev/null || true)
    [[ -z $theirs || $theirs == "$owner" ]] ||
        die 1 "the platform $prefix in account $account belongs to another project ($theirs; this one is $owner): give yours another name (scripts/rename.sh)"
fi

# AWS allows one identity provider for GitHub in an account: that of somebody else is used.
exists=false
providers=$(aws iam list-open-id-connect-providers --query 'OpenIDConnectProviderList[].Arn' --output text)
# No pipe into grep -q, which ends terraform with an error when it has found something: then ours would count as another's.
ours=$(terraform -chdir=infra/platform state list 2>/dev/null || true)
if [[ $providers$'\t' == *$':oidc-provider/token.actions.githubusercontent.com\t'* && $ours != *aws_iam_openid_connect_provider* ]]; then
    exists=true
fi
variables+=(-var "github_provider_exists=$exists" -var "dist=$root/dist")

say "what Terraform would change of $prefix in account $account, region $region"
plan=$TF_DATA_DIR/plan
if $plan_only; then
    terraform_plan platform "$plan" "${variables[@]}" -lock=false || true
    rm -f "$plan"
    echo "This was a plan: nothing was changed."
    exit 0
fi
if ! terraform_plan platform "$plan" "${variables[@]}"; then
    confirm "Do this?"
    terraform_apply platform "$plan"
fi
rm -f "$plan"

if $first; then
    say "the state moves into $state_bucket"
    rm "$override"
    # With the same data folder, which says where the state is now.
    init platform -migrate-state -force-copy -backend-config="bucket=$state_bucket" -backend-config="key=platform.tfstate" -backend-config="region=$region" >/dev/null ||
        die 2 "the state could not be moved, see above: run this again"
    rm -f "infra/platform/$state_file" "infra/platform/$state_file.backup"
    rm -rf "$TF_DATA_DIR"
fi
