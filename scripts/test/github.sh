#!/usr/bin/env bash
# What the workflows' own scripts (scripts/github/) do, in the order of deploy.yml, with a `gh` that
# knows a few answers by heart; and rolling back, in the sandbox. Takes dist/ and the tools as
# they were built.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

function=$(one_function)
[[ -f dist/$function/function.json ]] || die 2 "dist/$function is missing: run scripts/build.sh --all"
work=$(mktemp -d)
export PATH="$work/bin:$PATH"
cleanup() {
    (cd "$work" && sandbox stop >/dev/null 2>&1) || true
    rm -rf "$work" tools.tar report.md
}
trap cleanup EXIT


# Comments of one pull request, a JSON file each; no earlier deploy; attestations of nothing.
mkdir -p "$work/bin" "$work/comments"
cat >"$work/bin/gh" <<END
#!/usr/bin/env python3
import json, pathlib, re, sys
arguments, folder = sys.argv[1:], pathlib.Path("$work/comments")
if arguments[0] == "run":
    sys.exit(0)
if arguments[0] != "api":
    sys.exit("gh: not found (HTTP 404)")
body = next((a.partition("=")[2] for a in arguments if a.startswith("body=")), None)
if body is None:
    comments = [json.loads(file.read_text()) for file in sorted(folder.iterdir())]
    query = arguments[arguments.index("--jq") + 1]
    marker = re.search(r'startswith\("(.*?)"\)', query)[1]
    print("\\n".join(str(comment["id"]) for comment in comments if comment["body"].startswith(marker)))
elif "PATCH" in arguments:
    number = next(a for a in arguments if "/comments/" in a).rsplit("/", 1)[1]
    (folder / number).write_text(json.dumps({"id": int(number), "body": body, "user": {"login": "github-actions[bot]"}}))
else:
    number = str(100 + len(list(folder.iterdir())))
    (folder / number).write_text(json.dumps({"id": int(number), "body": body, "user": {"login": "github-actions[bot]"}}))
END
chmod +x "$work/bin/gh"
export GITHUB_STEP_SUMMARY=$work/summary GITHUB_OUTPUT=$work/outputs GITHUB_REPOSITORY=octo-org/notary PULL_REQUEST=7
touch "$GITHUB_STEP_SUMMARY"

say "deploy.yml, as far as it goes without an account"
expect 0 '' "the tools are packed" scripts/github/pack-tools.sh
expect 0 '^-rwx.* .tools/bin/rollout' "and stay executable" tar --list --verbose --file tools.tar
# shellcheck disable=SC2016 # a pattern
expect 0 '^functions=\[".*"'"$function"'".*\]$|^functions=\["'"$function"'"' "all functions, for a person who says so" env FUNCTION=all scripts/github/functions.sh
expect 0 "^functions=\\[\"$function\"\\]\$" "one function, for a person who names it" env FUNCTION="$function" scripts/github/functions.sh
expect 2 'there is no function "nothing"' "a wrong name: which there are" env FUNCTION=nothing scripts/github/functions.sh
expect 0 '^functions=\[\]$' "a push that changes nothing deploys nothing" env FUNCTION= SINCE=HEAD scripts/github/functions.sh
expect 0 '^functions=\[\]$' "as GitHub reads it" tail -n 1 "$GITHUB_OUTPUT"
for architecture in arm64 x86_64; do
    expect 0 '' "the $architecture build is made by itself" env FUNCTION="$function" ARCHITECTURE="$architecture" scripts/github/build.sh
done
if [[ -n $(git status --porcelain) ]]; then
    echo "  SKIPPED: packing, which names the commit: this tree has uncommitted changes"
else
    expect 0 'arm64 .*2\.' "both are packed and checked" env FUNCTION="$function" scripts/github/pack.sh
    expect 0 'arm64' "with the check in the summary" cat "$GITHUB_STEP_SUMMARY"
fi
expect 0 'Not deployed' "an environment without AWS_REGION deploys nothing, and says so" env -u AWS_REGION FUNCTION="$function" scripts/github/deploy.sh
expect 2 'has no attestation of octo-org/notary' "what was not attested is not deployed" \
    env AWS_REGION=eu-central-1 FUNCTION="$function" scripts/github/deploy.sh

say "ci.yml: the report on both architectures, and its comment"
figures() { # ARCHITECTURE P50-MS
    cat <<END
{"architecture": "$1", "machine": "a machine", "commit": "0123456789abcdef", "subjects": [{"name": "$function", "zip_kib": 700,
"init": {"p50_ms": $2, "p50_interval_ms": [$2, $2], "p99_ms": $2}, "idle_mib": 3.0, "peak_mib": 4.0,
"invocations": [["one", {"p50_ms": $2, "p50_interval_ms": [$2, $2], "p99_ms": $2}]]}]}
END
}
figures x86_64 2.0 >"$work/x86_64.json"
figures arm64 1.5 >"$work/arm64.json"
expect 0 "\\| $function \\| one \\| 2.00 \\| 1.50 \\| 0.75" "both are side by side" scripts/github/report.sh "$work/x86_64.json" "$work/arm64.json"
expect 2 'one of each architecture' "two runs of one architecture are not compared" scripts/github/report.sh "$work/arm64.json" "$work/arm64.json"
comments() { cat "$work/comments"/*; }
expect 0 'has a new comment' "the first time it is a comment" scripts/github/comment.sh report "$work/x86_64.json"
expect 0 'comment 100 .* has a new text' "then that comment gets the new text" scripts/github/comment.sh report "$work/arm64.json"
expect 0 '1.5' "and is the only one" comments
[[ $(find "$work/comments" -type f | wc -l) == 1 ]] || die 1 "NOT ok: there are several comments"

say "rollback.yml"
unset AWS_ENDPOINT_URL AWS_PROFILE
cp -R scripts dist "$work"
export TOOLS_BIN=$tools_bin
cd "$work"
sandbox start --port 0 >/dev/null
AWS_ENDPOINT_URL=$(sandbox_url)
export AWS_ENDPOINT_URL
sandbox apply "$function" >/dev/null
rollout publish "$function" >/dev/null
rollout run "$function" --steps 25,100 >/dev/null 2>&1 &
run=$!
until rollout status "$function" | grep -q ' 25% '; do sleep 1; done
kill -KILL "$run"
expect 0 'aborted at 25% .* serves version 1 alone' "the candidate's weight goes to 0" env FUNCTION="$function" VERSION='' scripts/github/rollback.sh
expect 0 'live .*version 2' "live goes to the version that is named" env FUNCTION="$function" VERSION=2 scripts/github/rollback.sh
expect 2 '99' "a version that does not exist is refused" scripts/rollback.sh "$function" --to 99
expect 0 'nothing to abort' "where no rollout is under way, that is said" scripts/rollback.sh "$function"

all_as_expected
