#!/usr/bin/env bash
# infra/: checkov, format, validity, `terraform test` with a mocked provider. The real apply is
# scripts/test/terraform-apply.sh.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --terraform
say "checkov"
"$tools_folder/terraform/bin/checkov" --directory infra --framework terraform --quiet --compact --skip-download

say "arguments of version 6 of the provider: known, not deprecated"
if command -v npm >/dev/null; then
    "$tools_folder/terraform/bin/python" scripts/test/provider-6.py
else
    echo "SKIPPED: npm is not installed"
fi

! command -v terraform >/dev/null || terraform fmt -check -diff -recursive infra
source scripts/test/provider.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check() { # CONFIGURATION
    export TF_DATA_DIR=$work/$1
    # Modules have no lock file of their own, and git ignores the one that this writes.
    terraform -chdir="infra/$1" init -backend=false ${TF_PLUGIN_DIR:+-plugin-dir="$TF_PLUGIN_DIR"} >/dev/null
    terraform -chdir="infra/$1" validate
    [[ ! -d infra/$1/tests ]] || terraform -chdir="infra/$1" test
}
for configuration in names platform function nothing modules/platform modules/function; do
    say "infra/$configuration: validate, test"
    check "$configuration"
done
