#!/usr/bin/env bash
# Licences, sources, bans and known vulnerabilities of every dependency, as deny.toml says
# (https://embarkstudios.github.io/cargo-deny/).
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --checks
export PATH="$tools_folder/checks/bin:$PATH"
mapfile -t manifests < <(git ls-files Cargo.toml tools/Cargo.toml)
for manifest in "${manifests[@]}"; do
    cargo deny --locked --manifest-path "$manifest" --config deny.toml check bans licenses sources
done

# The advisories are in a git repository, not in a package registry.
database=https://github.com/rustsec/advisory-db
if curl --silent --fail --location --max-time 10 --output /dev/null "$database"; then
    for manifest in "${manifests[@]}"; do
        cargo deny --locked --manifest-path "$manifest" --config deny.toml check advisories
    done
else
    echo "SKIPPED: known vulnerabilities: cannot reach $database"
fi
