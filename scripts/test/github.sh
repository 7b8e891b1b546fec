#!/usr/bin/env bash
# What the workflows' own scripts (scripts/github/) do, in the order of deploy.yml, with a `gh` that knows a few answers by
# heart; and rolling back, by the AWS CLI alone. In a copy of this tree, with sandboxes for accounts. What needs Terraform
# is in terraform-apply.sh. Takes dist/ and the tools as they were built.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

function=$(one_function)
[[ -f dist/$function/function.json ]] || die 2 "dist/$function is missing: run scripts/build.sh --all"
scripts/setup.sh --clients
work=$(mktemp -d)
export PATH="$work/bin:$PATH"
cleanup() {
    (cd "$work/copy" && sandbox stop && sandbox stop --folder .other) >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT
fresh_copy "$work/copy"
cp -R dist "$work/copy"
# What is compiled of others' crates is taken as it is.
export CARGO_TARGET_DIR=$target_folder TOOLS_BIN=$tools_bin
cd "$work/copy"

# Comments of one pull request and deployments, a JSON file each; runs of ci.yml and artifacts; what was attested: digest, workflow, ref and commit a line.
mkdir -p "$work"/{bin,comments,deployments,artifacts}
touch "$work/runs" "$work/attested"
cat >"$work/bin/gh" <<END
#!/usr/bin/env python3
import datetime, hashlib, json, pathlib, re, shutil, sys
arguments, work = sys.argv[1:], pathlib.Path("$work")
folder = work / "comments"
if arguments[:2] == ["run", "download"]:
    run, target = work / "artifacts" / arguments[2], pathlib.Path(arguments[-1])
    names = [value for flag, value in zip(arguments, arguments[1:]) if flag == "--name"]
    if not run.exists():
        sys.exit("no valid artifacts found to download")
    if any(not (run / name).exists() for name in names):
        sys.exit("error connecting to api.github.com")
    for name in names:
        shutil.copytree(run / name, target / name)
    sys.exit(0)
if arguments[0] == "run":
    print(work.joinpath("runs").read_text(), end="")
    sys.exit(0)
if arguments[:2] == ["attestation", "verify"]:
    flags = dict(zip(arguments[3::2], arguments[4::2]))
    digest = hashlib.sha256(pathlib.Path(arguments[2]).read_bytes()).hexdigest()
    wanted = [digest, flags["--signer-workflow"], flags["--source-ref"], flags["--source-digest"]]
    sys.exit(0 if " ".join(wanted) in work.joinpath("attested").read_text().splitlines() else "no attestation")
if arguments[0] != "api":
    sys.exit("gh: not found (HTTP 404)")
# A file for each deployment, as GraphQL says it: the newest first, two a page.
deployments = sorted(work.joinpath("deployments").iterdir())
if arguments[1] == "graphql":
    after = next((int(a.partition("=")[2]) for a in arguments if a.startswith("after=")), 0)
    nodes = [json.loads(file.read_text()) for file in deployments[::-1]][after : after + 2]
    page = {"hasNextPage": after + 2 < len(deployments), "endCursor": str(after + 2)}
    print(json.dumps({"data": {"repository": {"deployments": {"nodes": nodes, "pageInfo": page}}}}))
    sys.exit(0)
if "--input" in arguments:
    asked, number = json.load(sys.stdin), 500 + len(deployments)
    node = {"databaseId": number, "environment": asked["environment"], "task": asked["task"], "state": "PENDING", "payload": json.dumps(asked["payload"]),
        "createdAt": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}"}
    work.joinpath("deployments", str(number)).write_text(json.dumps(node))
    print(number)
    sys.exit(0)
path = next(a for a in arguments if a.startswith("repos/"))
if path.endswith("/statuses"):
    fields = dict(a.split("=", 1) for a in arguments if "=" in a)
    file = work / "deployments" / path.split("/")[-2]
    node = json.loads(file.read_text()) | {"state": fields["state"].upper(), "says": fields["description"]}
    file.write_text(json.dumps(node))
    sys.exit(0)
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
GITHUB_SHA=$(git rev-parse HEAD) GITHUB_REF=refs/heads/main
export GITHUB_SHA GITHUB_REF
touch "$GITHUB_STEP_SUMMARY"

say "deploy.yml: what is built"
expect 0 '' "the tools are packed" scripts/github/pack-tools.sh
expect 0 '^-rwx.* .tools/packed/rollout' "and stay executable" tar --list --verbose --file tools.tar
unset TOOLS_BIN
expect 0 '^functions=\[".*"'"$function"'".*\]$|^functions=\["'"$function"'"' "every function, with the tools that were handed on" scripts/github/functions.sh
expect 2 '' "which are unpacked once" ls tools.tar
expect 0 '^environments=\["production"\]$' "to production, where nobody says otherwise" scripts/github/functions.sh
expect 0 '^environments=\["staging","production"\]$' "to the environments in their order" env ENVIRONMENTS='staging production' scripts/github/functions.sh
expect 2 'such as: staging production' "a list that is none is refused" env ENVIRONMENTS='["staging"]' scripts/github/functions.sh
expect 2 'say which one, of staging production' "a weight to stop at is for one of them" env WEIGHT=50 ENVIRONMENTS='staging production' scripts/github/functions.sh
expect 0 '^environments=\["staging"\]$' "which is named" env WEIGHT=50 ENVIRONMENTS=staging scripts/github/functions.sh
expect 0 "^functions=\\[\"$function\"\\]\$" "one function, for a person who names it" env FUNCTION="$function" scripts/github/functions.sh
expect 2 'there is no function "nothing"' "a wrong name: which there are" env FUNCTION=nothing scripts/github/functions.sh
for architecture in arm64 x86_64; do
    expect 0 '' "the $architecture build is made by itself" scripts/build.sh "$function" --architecture "$architecture"
done
expect 0 'arm64 .*2\.' "both are packed and checked" env FUNCTION="$function" scripts/github/pack.sh
expect 0 'arm64' "with the check in the summary" cat "$GITHUB_STEP_SUMMARY"

say "deploy.yml: ci of the same commit"
wait_for_ci() { env COMMIT="$GITHUB_SHA" PAUSE=0 timeout 60 scripts/github/wait-for-ci.sh; }
runs() { printf '%s\n' "$@" >"$work/runs"; }
expect 1 'ci has not run for' "no run: nothing is deployed" wait_for_ci
runs 'completed failure' 'completed cancelled'
expect 1 'ci has not passed for' "a run that failed: nothing is deployed" wait_for_ci
runs 'completed failure' 'completed success'
expect 0 'ci has passed' "one that passed is enough: the pull request's, or a second attempt" wait_for_ci
runs 'in_progress '
passes_later() {
    (sleep 2 && runs 'completed success') &
    wait_for_ci
}
expect 0 'ci has passed' "one that has not ended is waited for" passes_later

say "deploy.yml: what differs, in two accounts"
unset AWS_ENDPOINT_URL AWS_PROFILE
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=us-east-1 ENVIRONMENTS='staging production'
sandbox start --port 0 >/dev/null
sandbox start --port 0 --folder .other >/dev/null
staging=$(sandbox_url) production=$(command sandbox status --folder .other | sed -n '1s/ .*//p')
cp infra/environments/production.tfvars infra/environments/staging.tfvars
printf '%s\n' .other .sandbox '*.log' staging.tfvars >>.git/info/exclude
source scripts/names.sh
compare() { # ENVIRONMENT [VARIABLE=VALUE]...
    local url=$production
    [[ $1 == production ]] || url=$staging
    env FUNCTION="$function" ENVIRONMENT="$1" AWS_ENDPOINT_URL="$url" AWS_REGION=us-east-1 ROLE=arn:role "${@:2}" scripts/github/compare.sh
}
expect 0 '^action=nothing$' "without AWS_REGION there is nothing to do" compare production AWS_REGION=
expect 0 'no variable AWS_REGION' "and it is said" cat "$GITHUB_STEP_SUMMARY"
expect 0 '^action=deploy$' "without a role to compare with, the deploy finds out" compare production ROLE=
expect 0 '^action=deploy$' "a function that is not there yet is deployed" compare staging
publish_in() { # FOLDER URL: by sandbox apply, where an account has Terraform
    sandbox apply "$function" --folder "$1" && rollout --endpoint-url "$2" publish "$function" &&
        rollout --endpoint-url "$2" rollback "$function" --to arm64
}
expect 0 'published' "staging gets it" publish_in .sandbox "$staging"
expect 0 'published' "and so does production, from the same artifact" publish_in .other "$production"
digests() { aws --endpoint-url "$1" lambda list-versions-by-function --function-name "$function" --query "Versions[?Version != '\$LATEST'].CodeSha256" --output text; }
same_digests() {
    local there
    there=$(digests "$staging")
    [[ $there == "$(digests "$production")" ]] && echo "$there"
}
expect 0 "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["artifacts"]["arm64"]["code_sha256"].replace("+", "."))' "dist/$function/function.json")" \
    "both have the digests that were packed" same_digests

attest() { # WORKFLOW REF
    local zip
    for zip in "dist/$function"/*.zip; do
        echo "$(sha256sum "$zip" | cut -d ' ' -f 1) $GITHUB_REPOSITORY/.github/workflows/$1 $2 $GITHUB_SHA"
    done >"$work/attested"
}
verified() { env FUNCTION="$function" ENVIRONMENT=production AWS_ENDPOINT_URL="$production" scripts/github/deploy.sh; }
expect 2 "has no attestation of octo-org/notary's deploy.yml" "what was not attested is not deployed" verified
attest other.yml refs/heads/main
expect 2 'has no attestation' "nor what another workflow has attested" verified
attest deploy.yml refs/heads/mine
expect 2 'has no attestation' "nor another branch" verified
attest deploy.yml refs/heads/main
expect 2 'terraform is not installed|does not take these credentials|no AWS region|bucket' "what deploy.yml of main has attested goes on" env PATH="$work/bin:/usr/bin:/bin" bash -c "FUNCTION=$function ENVIRONMENT=production AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 scripts/github/deploy.sh"
mkdir "$work/macos"
ln -s "$(command -v package)" "$(command -v rollout)" "$work/macos"
expect 2 'terraform is not installed|does not take these credentials' "without the program sandbox, which is not built on macOS, a deploy to AWS goes on" \
    env TOOLS_BIN="$work/macos" AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 scripts/deploy.sh "$function" --no-build --plan

# Other content, from an older commit than the deployed one.
older() {
    python3 - "dist/$function/function.json" "$1" <<'END'
import json, sys
manifest = json.load(open(sys.argv[1]))
for artifact in manifest["artifacts"].values():
    artifact["commit"] = sys.argv[2]
manifest["memory_mib"] += 1
json.dump(manifest, open(sys.argv[1], "w"))
END
}
cp "dist/$function/function.json" "$work/first.json"
git -c user.name=test -c user.email=test@example.com commit --quiet --allow-empty --message "Another branch"
older "$(git rev-parse HEAD)"
git checkout --quiet --detach HEAD^
git -c user.name=test -c user.email=test@example.com commit --quiet --allow-empty --message "Not its descendant"
expect 0 '^action=deploy$' "a later commit is deployed" compare production
cp "dist/$function/function.json" "$work/later.json"
sandbox apply "$function" --folder .other >/dev/null
rollout --endpoint-url "$production" publish "$function" >/dev/null
rollout --endpoint-url "$production" rollback "$function" --to arm64 >/dev/null
older "$(git rev-parse HEAD)"
expect 1 'does not descend from' "one that does not descend from it is refused in production" compare production
expect 0 '^action=deploy$' "not in staging" compare staging
expect 0 '^action=deploy$' "and not where somebody forces it" compare production FORCE=true ASKED=true
cp "$work/later.json" "dist/$function/function.json"
expect 0 '' "rolled back by hand" rollout --endpoint-url "$production" rollback "$function" --to 2
# Then it plans, which needs Terraform.
expect 2 "^::warning .*version 4 was rolled back" "what was rolled back is named by the next push" compare production
expect 0 '^action=deploy$' "and deployed where somebody asks" compare production ASKED=true

say "deploy.yml and rollouts.yml: what GitHub shows as deployed"
export GITHUB_RUN_ID=77
cp "$work/later.json" "dist/$function/function.json"
# What the run's other jobs have left, as actions/upload-artifact and gh lay it out.
mkdir -p "$work/artifacts/77/tools" "$work/artifacts/77/dist-$function/$function"
tar --create --file "$work/artifacts/77/tools/tools.tar" .tools/packed
cp -R "dist/$function" "$work/artifacts/77/dist-$function"
rm -f "$work/deployments"/*
mv scripts/deploy.sh "$work/deploy.sh"
deployed() { # EXIT-CODE [VARIABLE=VALUE]...: scripts/github/deploy.sh, where the deploy itself ends with this code
    # shellcheck disable=SC2016 # for the script
    printf '#!/usr/bin/env bash\necho "deploy.sh $*"\nexit %s\n' "$1" >scripts/deploy.sh
    chmod +x scripts/deploy.sh
    env FUNCTION="$function" ENVIRONMENT=production AWS_ENDPOINT_URL="$production" AWS_REGION=us-east-1 ATTESTED=false "${@:2}" scripts/github/deploy.sh
}
deployment() { cat "$work/deployments/$1"; }
route() { # DESCRIPTION FLAG...: what a rollout of version 4 leaves in live
    aws --endpoint-url "$production" lambda update-alias --function-name "$function" --name live --description "$1" "${@:2}" >/dev/null
}
begun="rollout 2->4 since 2026-11-23T14:30:00Z 5%@0s"
under_way_there() { route "$begun" --function-version 2 --routing-config 'AdditionalVersionWeights={4=0.05}'; }
expect 0 '' "a rollout" under_way_there
expect 0 'deploy.sh .*--watch 15m' "that goes on: the last environment is watched for a while" deployed 0
expect 0 '"state": "IN_PROGRESS"' "and the deployment is in progress" deployment 500
expect 0 '^environments=\["production"\]$' "which the schedule looks after" scripts/github/rollouts.sh --list
ended() { env ENVIRONMENT=production AWS_ENDPOINT_URL="$production" AWS_REGION=us-east-1 scripts/github/rollouts.sh; }
expect 0 'is in_progress' "and says nothing of before it is over" ended
expect 0 '' "promoted" route "$begun 100%@600s" --function-version 4 --routing-config 'AdditionalVersionWeights={}'
expect 0 'is success' "it has ended" ended
expect 0 '"state": "SUCCESS"' "and the deployment succeeded" deployment 500
expect 0 '^environments=\[\]$' "then there is nothing to look after" scripts/github/rollouts.sh --list
expect 0 '' "another" under_way_there
expect 0 'deploy.sh .*--watch 1h' "is watched as long as the variable says" deployed 0 WATCH=1h
expect 0 '' "rolled back" route "$begun 0%@600s" --function-version 2 --routing-config 'AdditionalVersionWeights={}'
expect 0 'is failure' "it has ended" ended
expect 0 '"state": "FAILURE".*was rolled back' "and the deployment failed, and says why" deployment 501
expect 1 '' "one that is rolled back while the job looks on fails the job" deployed 1
expect 0 '"state": "FAILURE"' "and its deployment" deployment 502
expect 2 '' "a deploy that could not run" deployed 2
expect 0 '"state": "ERROR"' "is an error" deployment 503
expect 3 "^deploy.sh $function --no-build --yes --environment production --any-order\$" "an environment that others follow is watched to the end" deployed 3 ENVIRONMENTS='production staging'
expect 0 '' "rolled back, in an environment that others follow" route "$begun 0%@600s" --function-version 2 --routing-config 'AdditionalVersionWeights={}'
expect 1 'goes no further than production: it .*was rolled back' "an apply that leaves it so fails the job" deployed 0 ACTION=apply ENVIRONMENTS='production staging'
expect 0 'deploy.sh .*--changed-only' "and where none follows, it does not" deployed 0 ACTION=apply
# As where Terraform has nothing to do.
compared() { # [VARIABLE=VALUE]...
    # shellcheck disable=SC2016 # for the script
    printf '%s\n' '#!/usr/bin/env bash' 'echo "$1: nothing to change"' >scripts/deploy.sh
    compare production "$@"
}
expect 1 'goes no further than production: it .*was rolled back' "nor does a push that finds nothing to do" compared ENVIRONMENTS='production staging'
expect 0 '^action=nothing$' "where none follows, it is named" compared
expect 0 '' "a rollout that is under way" under_way_there
expect 1 'goes no further than production: it has a rollout under way' "does not go on to the next environment either" compared ENVIRONMENTS='production staging'
expect 0 '' "promoted" route "$begun 100%@600s" --function-version 4 --routing-config 'AdditionalVersionWeights={}'
expect 0 '^action=nothing$' "one that is served does" compared ENVIRONMENTS='production staging'
expect 0 '' "another rollout" under_way_there
expect 0 '' "is deployed by a run" deployed 0
for _ in 1 2; do expect 2 '' "with newer ones, which are over" deployed 2; done
expect 0 '^environments=\["production"\]$' "it is found on a further page" scripts/github/rollouts.sh --list
mv "$work/artifacts/77/tools" "$work/artifacts/tools"
expect 0 '^::warning .*it is not known' "which cannot be asked for once" ended
expect 0 '"state": "IN_PROGRESS"' "nothing is said of it" deployment 507
rm -r "$work/artifacts/77"
expect 0 'nothing is left' "whose artifacts end before it" ended
expect 0 '"state": "INACTIVE"' "nobody says more of it" deployment 507
count() { find "$work/deployments" -type f | wc -l; }
expect 0 '^10$' "one deployment each" count
expect 0 'deploy.sh .*--plan' "a dry run" deployed 0 DRY_RUN=true
expect 0 '^10$' "is none" count

say "ci.yml: the plans"
# As scripts/deploy.sh would: one environment has nothing to change, the other may fail.
# shellcheck disable=SC2016 # for the script
printf '%s\n' '#!/usr/bin/env bash' '[[ $3 == staging ]] && echo "$1: nothing to change" && exit' 'echo "$1 in $3 by $AWS_ACCESS_KEY_ID"' 'exit ${FAILS:-0}' >scripts/deploy.sh
plans() { env AWS_ENDPOINT_URL="$production" AWS_REGION=us-east-1 ENVIRONMENTS= "$@" scripts/github/plan.sh; }
expect 0 "^$function in staging: nothing to change" "every environment of infra/environments" plans
expect 0 "^$function in production by x" "with its plans" plans
expect 2 "no plan of (.*, )?production/$function" "a plan that fails is named" plans FAILS=2
expect 0 "^$function in staging" "those of the variable alone" plans FAILS=2 ENVIRONMENTS=staging

# GitHub's tokens, and AWS's credentials for one: but not for staging.
python3 - "$work/sts" <<'END' &
import http.server, pathlib, sys, urllib.parse

class Sts(http.server.BaseHTTPRequestHandler):
    def answer(self, code, text):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        right = self.headers["Authorization"] == "bearer token" and self.path.endswith("&audience=sts.amazonaws.com")
        self.answer(200 if right else 403, '{"value": "signed"}')

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        role = form["RoleArn"][0]
        if form["WebIdentityToken"] != ["signed"] or "staging" in role:
            self.answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>")
            return
        keys = f"<AccessKeyId>{role}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>"
        name = "AssumeRoleWithWebIdentity"
        self.answer(200, f"<{name}Response><{name}Result><Credentials>{keys}</Credentials></{name}Result></{name}Response>")

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Sts)
pathlib.Path(sys.argv[1]).write_text(f"http://127.0.0.1:{server.server_port}")
server.serve_forever()
END
sts=$!
for _ in {1..100}; do [[ ! -s $work/sts ]] || break; sleep 0.1; done
role=arn:aws:iam::123456789012:role/$(project_key name)-production-github-plan
on_github() { plans AWS_ENDPOINT_URL_STS="$(<"$work/sts")" ACTIONS_ID_TOKEN_REQUEST_URL="$(<"$work/sts")/?x=1" ACTIONS_ID_TOKEN_REQUEST_TOKEN=token AWS_PLAN_ROLE_ARN="$role" "$@"; }
expect 0 "^$function in production by $role" "on GitHub each by the role of its environment" on_github ENVIRONMENTS=production
expect 2 'no plan of staging/all' "an environment that has none is named" on_github
echo 'account_id = "210987654321"' >>infra/environments/production.tfvars
expect 0 "by arn:aws:iam::210987654321:role" "in the account of the environment's file" on_github ENVIRONMENTS=production
git checkout --quiet infra/environments
kill "$sts"
mv "$work/deploy.sh" scripts/deploy.sh

# Where bench is compiled.
cd "$root"
unset CARGO_TARGET_DIR
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

rm -f report.md
cd "$work/copy"
say "the region of an environment, for every script"
regions=$work/regions
mkdir "$regions"
# shellcheck disable=SC2016 # for the script
printf '%s\n' '#!/bin/sh' 'echo "{\"state\": \"new\", \"reason\": \"$AWS_REGION and $AWS_DEFAULT_REGION\"}"' | tee "$regions/aws" >"$regions/rollout"
chmod +x "$regions"/*
# As the workflows' roles leave it, which is the repository's region.
elsewhere() { env -u AWS_ENDPOINT_URL ENVIRONMENT="${environment:-staging}" FUNCTION="$function" ROLE=arn:role AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 TOOLS_BIN="$regions" PATH="$regions:$PATH" "$@"; }
printf 'region = "eu-west-3"\n' >>infra/environments/staging.tfvars
expect 0 'eu-west-3 and eu-west-3' "the file's: rollback.sh" elsewhere scripts/rollback.sh "$function" --list
expect 0 'eu-west-3 and eu-west-3' "compare.sh" elsewhere scripts/github/compare.sh
environment=production expect 0 'us-east-1 and us-east-1' "where the file has none, AWS_REGION" elsewhere scripts/rollback.sh "$function" --list
cp "$work/first.json" "dist/$function/function.json"

say "rollback.yml"
# No cargo, no tools: bash, git's files, the AWS CLI.
mkdir "$work/plain"
ln -s "$(command -v bash)" "$(command -v dirname)" "$(command -v env)" "$(command -v sed)" "$work/plain"
ln -s "$(command -v aws)" "$work/plain/aws"
AWS_ENDPOINT_URL=$staging
export AWS_ENDPOINT_URL
roll_back() { PATH=$work/plain scripts/rollback.sh "$@"; }
rollout rollback "$function" --to x86_64 >/dev/null
# Under way, as a run that was killed leaves it.
under_way() { aws lambda update-alias --function-name "$function" --name live --function-version 1 --routing-config "AdditionalVersionWeights={2=0.25}" >/dev/null; }
under_way
expect 0 'version 2 of .* is rolled back: live serves version 1 alone' "the candidate's weight goes to 0" roll_back "$function"
expect 0 'nothing to roll back' "again: nothing to do, and that is said" roll_back "$function"
expect 1 'version 2 of .* was rolled back' "rollout does not start it again" rollout run "$function" --dry-run
expect 0 'version 2 was rolled back' "and a deploy names it" rollout deployed "$function" --any-order
expect 0 'version 1 of .* is rolled back: live serves version 2 alone' "live goes to the version that is named" roll_back "$function" --to 2
expect 0 'live serves version 1 alone' "or to that of an architecture" roll_back "$function" --to x86_64
expect 2 '99' "a version that does not exist is refused" roll_back "$function" --to 99
expect 0 'version 1 set by rollback of version 2' "the list shows versions and aliases" roll_back "$function" --list
under_way
# Whoever is faster: the first update is refused, as when a rollout sets the next weight at the same moment.
cat >"$work/plain/faster" <<END
#!$work/plain/bash
if [[ \$2 == update-alias && ! -e $work/once ]]; then
    : >$work/once
    $(command -v aws) lambda update-alias --function-name $function --name live --function-version 1 --routing-config AdditionalVersionWeights={2=0.5} >/dev/null
fi
exec $(command -v aws) "\$@"
END
chmod +x "$work/plain/faster"
ln -sf "$work/plain/faster" "$work/plain/aws"
expect 0 'version 2 of .* is rolled back' "a rollout that is faster is rolled back all the same" roll_back "$function"
expect 0 '' "after one attempt that was refused" ls "$work/once"

all_as_expected
