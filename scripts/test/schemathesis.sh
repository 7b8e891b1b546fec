#!/usr/bin/env bash
# Schemathesis (https://schemathesis.readthedocs.io) reads the OpenAPI description that http-api serves in the sandbox, and
# looks for requests whose answers do not match it. Takes dist/http-api and the tools as they were built; its sandbox is in
# a folder of its own. Settings: tools/tests/tests/http_api/schemathesis.toml.
#
# Exit codes: 0 nothing found, 1 something found, 2 could not run.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ ! -d functions/http-api ]]; then
    echo "SKIPPED: this project has no function http-api any more"
    exit 0
fi
for needed in dist/http-api/function.json "$tools_bin"/{rollout,sandbox}; do
    [[ -f $needed ]] || die 2 "$needed is missing: run scripts/build.sh http-api"
done
scripts/setup.sh --clients

work=$(mktemp -d)
cleanup() { (cd "$work" && sandbox stop >/dev/null 2>&1) || true; rm -rf "$work"; }
trap cleanup EXIT
mkdir "$work/dist"
cp -R dist/http-api "$work/dist"
cd "$work"
unset AWS_ENDPOINT_URL AWS_PROFILE

sandbox start --port 0 >/dev/null || die 2 "the sandbox does not start"
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL
sandbox apply http-api || die 2 "http-api cannot be applied"
rollout publish http-api >/dev/null || die 2 "http-api cannot be published"
url=$(sandbox status | sed -n 's/^http-api.*, \(http:[^ ,]*\)$/\1/p')
[[ -n $url ]] || die 2 "the sandbox has no HTTP front for http-api"

say "schemathesis against $url"
PYTHONPATH=$root/tools/tests/tests/http_api SCHEMATHESIS_HOOKS=schemathesis_hooks \
    schemathesis --config-file "$root/tools/tests/tests/http_api/schemathesis.toml" \
    run "$url/openapi.json" --url "$url" --checks all
