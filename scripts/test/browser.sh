#!/usr/bin/env bash
# No web page reaches the sandbox: headless Chromium tries everything that a page of another port can send.
#
# Exit codes: 0 nothing arrived, 1 something did, 2 could not run.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh --browser
[[ -f $tools_bin/sandbox ]] || die 2 "the sandbox is missing: run scripts/test/tools.sh"
work=$(mktemp -d)
cleanup() { (cd "$work" && sandbox stop >/dev/null 2>&1) || true; rm -rf "$work"; }
trap cleanup EXIT
cd "$work"
unset AWS_ENDPOINT_URL

sandbox start --port 0 >/dev/null || die 2 "the sandbox does not start"
"$tools_folder/clients/bin/python" "$root/tools/sandbox/tests/python/web_page.py" "$(sandbox_url)" .sandbox/sandbox.log
