#!/usr/bin/env bash
# What scripts/smoke.sh asks of a real account, asked of the sandbox: it ends, says what it saw, and leaves nothing behind.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

scripts/setup.sh --clients
work=$(mktemp -d)
cleanup() { (cd "$work" && sandbox stop >/dev/null 2>&1) || true; rm -rf "$work"; }
trap cleanup EXIT
cd "$work"
unset AWS_PROFILE AWS_ENDPOINT_URL
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=eu-central-1
sandbox start --port 0 >/dev/null
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL

expect 2 'say --yes' "nothing is made unasked" "$root/scripts/smoke.sh"
expect 0 'paste it into an issue' "every claim holds in the sandbox" "$root/scripts/smoke.sh" --yes --role arn:aws:iam::000000000000:role/smoke
expect 0 '^\| .* \| yes \|$' "the report says so" cat smoke-report.md
expect 1 '' "of every one of them" grep '| no |$' smoke-report.md
expect 0 '^\[\]$' "the function is gone" aws lambda list-functions --query 'Functions[].FunctionName' --output json
expect 0 '^null$|^\[\]$' "so is the queue" aws --endpoint-url "$AWS_ENDPOINT_URL" sqs list-queues --query QueueUrls --output json
cat smoke-report.md
all_as_expected
