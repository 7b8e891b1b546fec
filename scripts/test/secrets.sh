#!/usr/bin/env bash
# Looks for keys, tokens and passwords in what git has (https://github.com/Yelp/detect-secrets).
# A false positive is marked on its line: `pragma: allowlist secret`.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --checks
# Without the two plugins that look for high entropy: this project is full of digests and ids.
git ls-files -z | xargs -0 "$tools_folder/checks/bin/detect-secrets-hook" --no-verify \
    --disable-plugin HexHighEntropyString --disable-plugin Base64HighEntropyString --exclude-files '\.png$' ||
    die 1 "these look like secrets: see above. What was ever pushed must be revoked, not only deleted"
echo "no secrets in $(git ls-files | wc -l) files"
