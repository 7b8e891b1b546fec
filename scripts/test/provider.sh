# Sourced by tests that need Terraform with its AWS provider: finds it, or ends with SKIPPED and the reason.
# shellcheck shell=bash disable=SC2034

# Finds a folder with registry.terraform.io/hashicorp/aws in it, as `terraform providers mirror` makes it.
plugin_mirror() {
    local provider
    provider=$(find / -xdev \( -path /proc -o -path /sys \) -prune -o \
        -type d -path '*/registry.terraform.io/hashicorp/aws' ! -path '*/.terraform/*' -print -quit 2>/dev/null || true)
    echo "${provider%/registry.terraform.io/*}"
}

if ! command -v terraform >/dev/null; then
    echo "SKIPPED: Terraform is not installed"
    exit 0
fi
# The provider's schema is garbage as soon as it is read: collecting it less often saves a third of the time.
export GOGC=400
export TF_PLUGIN_DIR=${TF_PLUGIN_DIR:-$(plugin_mirror)} TF_IN_AUTOMATION=1 TF_INPUT=0
if [[ -z $TF_PLUGIN_DIR ]] && ! curl --silent --fail --max-time 10 https://registry.terraform.io/.well-known/terraform.json >/dev/null; then
    echo "SKIPPED: no AWS provider of Terraform: no plugin mirror on this machine (TF_PLUGIN_DIR), and the registry cannot be reached"
    exit 0
fi
