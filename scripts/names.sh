# Sourced by the scripts that act in an environment: which one it is, and what everything there is called. Needs no tools
# and no cargo.
# shellcheck shell=bash disable=SC2034,SC2154

# project_key KEY: a text in [workspace.metadata.project] of Cargo.toml, or nothing.
project_key() { sed -n '/^\[workspace\.metadata\.project\]/,/^\[[^w]/s/^'"$1"' = "\(.*\)"$/\1/p' "$root/Cargo.toml"; }

# environment_key KEY: a text in the environment's file, or nothing.
environment_key() { sed -n "s/^$1 *= *\"\([^\"]*\)\".*/\1/p" "$environment_file"; }

# environment_names [ENVIRONMENT]: sets environment (by default ENVIRONMENT, the only one, or production), environment_file,
# project, owner, prefix and region: that of the environment's file, else AWS_REGION, else the project's, else empty, which
# leaves it to the AWS profile. Exports FUNCTION_PREFIX and the region, by which rollout and the AWS CLI find the
# environment's functions. The same names as in infra/names; in a sandbox (AWS_ENDPOINT_URL) functions have no prefix, and
# its region stays.
environment_names() {
    local known
    known=$(cd "$root/infra/environments" && printf '%s\n' *.tfvars)
    known=${known//.tfvars/}
    environment=${1:-${ENVIRONMENT:-}}
    [[ -n $environment || $known == *$'\n'* ]] || environment=$known
    environment=${environment:-production}
    environment_file=$root/infra/environments/$environment.tfvars
    [[ -f $environment_file ]] || die 2 "there is no environment $environment: infra/environments has ${known//$'\n'/, }"
    project=$(project_key name)
    owner=$(project_key id)
    owner=${owner:-$project}
    prefix=$project-$environment
    export FUNCTION_PREFIX=$prefix-
    region=$(environment_key region)
    region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(project_key region)}}}
    if [[ -n ${AWS_ENDPOINT_URL:-} ]]; then
        FUNCTION_PREFIX=''
    elif [[ -n $region ]]; then
        # The AWS CLI of version 1 reads the second, everything else the first.
        export AWS_REGION=$region AWS_DEFAULT_REGION=$region
    fi
}
