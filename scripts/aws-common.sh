# Sourced by the scripts that use an AWS account: account, region, Terraform's states.
# shellcheck shell=bash disable=SC2034
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/scripts/names.sh"

export TF_IN_AUTOMATION=1 TF_INPUT=0
[[ -t 1 ]] || export TF_CLI_ARGS_plan=-no-color TF_CLI_ARGS_apply=-no-color

# Terraform's data and plans: one folder a state, so that two never share one. The provider, which has 700 MB, is kept once.
terraform_folder=$root/.terraform
export TF_PLUGIN_CACHE_DIR=${TF_PLUGIN_CACHE_DIR:-$terraform_folder/plugins}
mkdir -p "$TF_PLUGIN_CACHE_DIR"

# connect [ENVIRONMENT]: sets its names, account, region, state_bucket and variables (flags for Terraform), or says what is
# missing.
connect() {
    environment_names "${1:-}"
    command -v terraform >/dev/null ||
        die 2 "terraform is not installed: take 1.11 or newer from https://developer.hashicorp.com/terraform/install"
    command -v aws >/dev/null || scripts/setup.sh --clients
    region=${region:-$(aws configure get region || true)}
    [[ -n $region ]] || die 2 "no AWS region: set it in infra/environments/$environment.tfvars, or AWS_REGION, or the project's (scripts/rename.sh), or that of your AWS profile"
    export AWS_REGION=$region AWS_DEFAULT_REGION=$region
    local answer
    answer=$(aws sts get-caller-identity --query '[Account, Arn]' --output text 2>&1) ||
        die 2 "AWS does not take these credentials (or there are none): ${answer##*$'\n'}"$'\n'"Sign in (aws sso login, aws configure) or set AWS_PROFILE"
    read -r account caller <<<"$answer"
    local wanted
    wanted=$(environment_key account_id)
    [[ ${wanted:-$account} == "$account" ]] ||
        die 2 "the environment $environment is in account $wanted, and these are credentials of $account (${answer##*$'\t'})"
    export TF_VAR_account_id=$account
    state_bucket=$prefix-state-$account
    variables=(-var-file="$environment_file" -var "project=$project" -var "environment=$environment" -var "owner=$owner")
}

# locked FLAG COMMAND...: while one run initialises, which may write the provider's folder, none does (--exclusive) or uses
# it (--shared). Where there is no flock, runs come one after the other.
locked() {
    if command -v flock >/dev/null; then
        flock "$1" "$TF_PLUGIN_CACHE_DIR/init.lock" "${@:2}"
    else
        "${@:2}"
    fi
}

# init CONFIGURATION FLAG...
init() {
    locked --exclusive terraform -chdir="infra/$1" init -no-color -lockfile=readonly ${TF_PLUGIN_DIR:+-plugin-dir="$TF_PLUGIN_DIR"} "${@:2}"
}

# terraform_init CONFIGURATION STATE-KEY [FLAG]...: does not change the lock file, so that the tree stays the commit that
# the artifacts are built from.
terraform_init() {
    local configuration=$1 key=$2 log
    shift 2
    export TF_DATA_DIR=$terraform_folder/$environment/${key%.tfstate}
    log=$(init "$configuration" -backend-config="bucket=$state_bucket" -backend-config="key=$key" -backend-config="region=$region" -reconfigure "$@" 2>&1) || {
        printf '%s\n' "$log" >&2
        [[ $log != *NoSuchBucket* && $log != *"S3 bucket"*"does not exist"* ]] ||
            die 2 "the bucket of Terraform's states, $state_bucket, does not exist in account $account: run scripts/platform.sh --environment $environment once"
        [[ $log != *checksums* ]] ||
            die 2 "the lock file has not the provider's hash for this machine: infra/README.md says under "A newer provider" how to add it (terraform providers lock)"
        die 2 "terraform init failed, see above"
    }
}

# local_state CONFIGURATION PATH [FLAG]...: keeps the state in a local file, until this script ends or the file
# bootstrap_override.tf is removed.
local_state() {
    local configuration=$1 path=$2
    shift 2
    override=infra/$configuration/bootstrap_override.tf
    trap 'rm -f "$override"' EXIT
    printf 'terraform {\n  backend "local" {\n    path = "%s"\n  }\n}\n' "$path" >"$override"
    init "$configuration" "$@" >/dev/null || die 2 "terraform init failed, see above"
}

# terraform_or_lock CONFIGURATION ARGUMENT...: when the state is locked, says how to remove a stale lock.
terraform_or_lock() {
    local configuration=$1 code=0 errors id
    shift
    errors=$(mktemp)
    # tee -i survives a Ctrl-C, because Terraform then still writes what it has made into the state.
    { locked --shared terraform -chdir="infra/$configuration" "$@" 2>&1 1>&3 3>&- | tee -i "$errors" >&2; } 3>&1 || code=$?
    id=$(sed 's/\x1b\[[0-9;]*m//g' "$errors" | sed -n '/acquiring the state lock/,$s/^[^A-Za-z]*ID: *//p')
    rm -f "$errors"
    [[ $code != 1 || -z $id ]] || die 2 "the state is locked, see above by whom (Who) and since when. Wait for that run; if it was killed, end its lock:
  TF_DATA_DIR=$TF_DATA_DIR terraform -chdir=infra/$configuration force-unlock $id"
    return "$code"
}

# terraform_plan CONFIGURATION PLAN-FILE FLAG...: returns 0 when nothing would change, 2 otherwise.
terraform_plan() {
    local configuration=$1 file=$2 code=0
    shift 2
    terraform_or_lock "$configuration" plan -detailed-exitcode -lock-timeout="${LOCK_TIMEOUT:-60s}" -out="$file" \
        -var "region=$region" "$@" || code=$?
    ((code != 1)) || die 2 "terraform plan failed, see above"
    return "$code"
}

# terraform_apply CONFIGURATION PLAN-FILE
terraform_apply() {
    terraform_or_lock "$1" apply -lock-timeout="${LOCK_TIMEOUT:-60s}" "$2" ||
        die 2 "terraform apply failed, see above. What it has done so far is kept: run the same again, and it goes on from there"
}

# confirm QUESTION: asks, unless $yes is true.
confirm() {
    ! ${yes:-false} || return 0
    [[ -t 0 ]] || die 2 "this is $prefix in account $account, region $region, as $caller: say --yes where nobody can be asked"
    local answer
    read -r -p "$prefix in account $account, region $region, as $caller. $1 [y/N] " answer
    [[ $answer == [yY]* ]] || die 1 "nothing was changed"
}
