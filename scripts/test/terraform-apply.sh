#!/usr/bin/env bash
# A real apply: platform and every function from nothing with Terraform's AWS provider, a rollout, a
# second apply, what goes wrong, another environment and another project beside it, and everything gone again.
#
# The sandbox serves Lambda, DynamoDB, SQS and the metrics that rollout reads, and moto
# (https://docs.getmoto.org) the rest. Takes dist/ and the tools as they were built, and does
# everything else in a folder of its own.
# shellcheck disable=SC2030,SC2031 # what goes on beside the others counts its own failures
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
source "$root/scripts/test/expect.sh"

scripts/setup.sh --clients --terraform
source scripts/test/provider.sh
mapfile -t functions < <(package list)
for function in "${functions[@]}" controller; do
    [[ -f dist/$function/function.json ]] || die 2 "dist/$function is missing: run scripts/build.sh $function"
done

main=$(one_function)

work=$(mktemp -d)
other=$work/other-project
export TOOLS_BIN=$tools_bin
prefix=shop-production state_bucket=shop-production-state-000000000000
moto='' traffic='' ticks=''
cleanup() {
    for process in $traffic $ticks; do kill "$process" 2>/dev/null || true; done
    (cd "$work" && sandbox stop && sandbox stop --folder .other) >/dev/null 2>&1 || true
    [[ -z $moto ]] || kill "$moto" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
fresh_copy "$work"
cp -R dist "$work"
cd "$work"
# The lock files say no hash: an init that may write them adds one, as an init from the registry does.
sed -i '/hashes = \[/,/\]/d' infra/*/.terraform.lock.hcl
set_key Cargo.toml name '"shop"'
set_key Cargo.toml id '"shop-id"'
: >infra/environments/production.tfvars
git -c user.name=test -c user.email=test@example.com commit --quiet --all --message "For the test"
printf '%s\n' '*.log' .other answer.json lock.json tick.json other-project infra/environments/{staging,elsewhere}.tfvars >>.git/info/exclude
event=$(printf '%s\n' "dist/$main"/events/*.json | grep -v '\.expected\.json$' | head -n 1)

# --- the account ---------------------------------------------------------------------------------

sandbox start --port 0 >/dev/null
sandbox_url=$(sandbox_url)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
MOTO_ACCOUNT_ID=000000000000 "$tools_folder/terraform/bin/moto_server" -H 127.0.0.1 -p "$port" >moto.log 2>&1 &
moto=$!
moto_url=http://127.0.0.1:$port
for _ in {1..300}; do
    ! curl --silent --output /dev/null "$moto_url/moto-api/" || break
    sleep 0.1
done
unset AWS_ENDPOINT_URL AWS_PROFILE
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1 AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none
for service in APIGATEWAYV2 CLOUDWATCH_LOGS EVENTBRIDGE IAM S3 SNS STS; do export "AWS_ENDPOINT_URL_$service=$moto_url"; done
for service in CLOUDWATCH DYNAMODB LAMBDA SQS; do export "AWS_ENDPOINT_URL_$service=$sandbox_url"; done
# No pause between the tries that find out whether a lock is free.
export LOCK_TIMEOUT=0s TF_VAR_deletion_protection=false
# As in an environment's file: rollout run moves rollouts on, until the controller does.
export TF_VAR_platform='{ controller = false }'
# The roles for GitHub too, whichever repository this is.
export TF_VAR_github='{ repository = "octo-org/lambdas", owner_id = 12, repository_id = 34 }'

# What is different from AWS: paths instead of host names for buckets, alarms and dashboards in moto,
# and no TLS, on which the buckets' policies insist.
for configuration in platform function nothing; do
    cat >"infra/$configuration/aws_override.tf" <<END
terraform {
  backend "s3" {
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
  }
}
provider "aws" {
  s3_use_path_style       = true
  skip_metadata_api_check = true
  endpoints {
    cloudwatch = "$moto_url"
  }
}
END
done
# moto 5.2.5 cannot delete what versioning keeps of a deleted object, so that no bucket would ever end.
cat >infra/modules/platform/moto_override.tf <<'END'
resource "aws_s3_bucket_policy" "private" {
  for_each = {}
}
resource "aws_s3_bucket_versioning" "state" {
  count = 0
}
resource "aws_s3_bucket_versioning" "artifacts" {
  count = 0
}
END
# For these the provider looks a minute long whether S3 keeps them: one platform has them, beside other things.
for name in state artifacts; do
    printf 'resource "aws_s3_bucket_lifecycle_configuration" "%s" {\n  count = 0\n}\n' "$name"
done >infra/modules/platform/lifecycle_override.tf
# What scripts/platform.sh asks cargo without --no-build.
package resources >infra/platform/resources.auto.tfvars.json

# --- how to ask ----------------------------------------------------------------------------------

manifest() { # FUNCTION JQ-LIKE-PYTHON: changes dist/<function>/function.json, where m is its content
    python3 -c 'import json, sys
path = sys.argv[1]
m = json.load(open(path))
exec(sys.argv[2])
json.dump(m, open(path, "w"))' "dist/$1/function.json" "$2"
}
# Lambda's own API: the AWS CLI takes a second to start.
lambda() { # FUNCTION PATH [FLAG]...
    curl --silent --show-error --fail-with-body "$sandbox_url/2015-03-31/functions/$prefix-$1$2" "${@:3}"
}
live() { lambda "$1" /aliases/live | python3 -c 'import json, sys; live = json.load(sys.stdin); print(live["FunctionVersion"], live["RoutingConfig"]["AdditionalVersionWeights"] if live.get("RoutingConfig") else {})'; }
version_of() { lambda "$1" "/aliases/$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)["FunctionVersion"])'; } # FUNCTION ALIAS
invoke() { # FUNCTION QUALIFIER EVENT-FILE: prints the answer
    lambda "$1" "/invocations?Qualifier=$2" --data-binary "@$3" --write-out '\nstatus %{http_code}\n'
}
# beside NAME COMMAND...: a list of expectations that goes on beside the others.
beside() {
    (
        failures=0 said=''
        "${@:2}"
        exit "$failures"
    ) >"$work/$1.log" 2>&1 &
}
joined() { # PID NAME: what it has said
    local code=0
    wait "$1" || code=$?
    cat "$work/$2.log"
    failures=$((failures + code))
}
deploy() { scripts/deploy.sh "$@" --no-build --yes; } # FUNCTION [FLAG]...
deploy_only() { deploy "$@" --no-rollout; }
functions_on_aws() { aws lambda list-functions --query "Functions[?starts_with(FunctionName, '$prefix-') && FunctionName != '$prefix-controller'].FunctionName" --output json | tr -d ' \n'; }

# --- side by side ---------------------------------------------------------------------------------

# In a copy of the tree, beside the first project's own life.
side_by_side() {
    cd "$other"
    root=$other
    say "another environment, another project"
    echo 'functions = { '"$main"' = { log_level = "DEBUG", reserved_concurrency = 20 } }' >infra/environments/staging.tfvars
    mv infra/modules/platform/lifecycle_override.tf "$work/lifecycle.txt"
    expect 0 'the state moves into shop-staging-state' "staging in the same account" env -u TF_VAR_github scripts/platform.sh --environment staging --yes --no-build
    mv "$work/lifecycle.txt" infra/modules/platform/lifecycle_override.tf
    expect 0 'live is as it was' "a function there" deploy_only "$main" --environment staging
    sed -i s/log_level/log_levl/ infra/environments/staging.tfvars
    expect 2 'and not log_levl' "a setting that is none is named" deploy "$main" --environment staging --plan
    sed -i s/log_levl/log_level/ infra/environments/staging.tfvars

    # What asks for the first platform.
    for _ in {1..600}; do [[ ! -e $work/platform.log ]] || break; sleep 0.5; done
    echo '{ "tables": {}, "queues": {} }' >infra/platform/without.auto.tfvars.json
    expect 2 'Resource module.platform.aws_dynamodb_table.shared' "a table that no function uses any more is not destroyed" scripts/platform.sh --plan --no-build
    also 'Resource module.platform.aws_sqs_queue.dead_letter' "nor a queue"
    rm infra/platform/without.auto.tfvars.json
    echo 'account_id = "111111111111"' >infra/environments/elsewhere.tfvars
    expect 2 'elsewhere is in account 111111111111, and these are credentials of 000000000000' "another account than the environment's is refused" deploy "$main" --environment elsewhere --plan
    sed -i '/constraints/a\  hashes = ["h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]' infra/function/.terraform.lock.hcl
    expect 2 'infra/README.md.*providers lock' "a lock file without this machine's hash: what to do" deploy "$main" --plan
    git checkout --quiet infra/function/.terraform.lock.hcl

    set_key Cargo.toml id '"another-id"'
    expect 1 'belongs to another project .shop-id; this one is another-id' "another project with the same name: its platform is refused" scripts/platform.sh --plan --no-build
    expect 2 'built from another commit' "artifacts of another commit than this tree's are refused" deploy "$main" --plan
    manifest "$main" "for a in m['artifacts'].values(): a['commit'] = '$(git rev-parse HEAD)-dirty'"
    expect 2 'belongs to another' "and its functions" deploy "$main" --plan
    set_key Cargo.toml name '"orders"'
    expect 0 'the state moves into orders-production-state' "with a name of its own it is beside the first" scripts/platform.sh --yes --no-build
    expect 0 '^1$' "with GitHub's identity provider, of which an account has one" aws iam list-open-id-connect-providers --query 'length(OpenIDConnectProviderList)'
    expect 0 'live is as it was' "and its function" deploy_only "$main"
}

# --- from nothing --------------------------------------------------------------------------------

for function in "${functions[@]}"; do
    manifest "$function" "for a in m['artifacts'].values(): a['commit'] = '$(git rev-parse HEAD)'"
done
cp -R "$work" "$work.copy"
mv "$work.copy" "$other"
beside others side_by_side
others=$!

say "the platform"
expect 2 'does not take these credentials' "without credentials: what to do" env -u AWS_ACCESS_KEY_ID scripts/platform.sh --plan --no-build
expect 2 'no AWS region' "without a region: what to do" env -u AWS_REGION -u AWS_DEFAULT_REGION scripts/platform.sh --plan --no-build
expect 2 'no environment nothing: infra/environments has production' "an environment that is none: which there are" scripts/platform.sh --environment nothing --plan --no-build
expect 2 'cannot be told.*connect' "a bucket that cannot be reached is none that is missing" \
    env AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 scripts/platform.sh --plan --no-build
expect 2 'say --yes' "nothing happens unasked" scripts/platform.sh --no-build
also 'of shop-production in account 000000000000, region eu-central-1' "and project, environment, account and region are named"
expect 2 "$state_bucket, does not exist.*run scripts/platform.sh" "a function before the platform: what to do first" deploy "$main" --plan
expect 0 "the state moves into $state_bucket" "the platform, from nothing" scripts/platform.sh --yes --no-build
touch platform.log # others wait for it
expect 0 'No changes' "again: nothing to change, from the state in the bucket" scripts/platform.sh --plan --no-build

say "the functions"
expect 0 'aws_lambda_alias.live will be created' "a dry run of the workflow says what would be made" env FUNCTION="$main" ENVIRONMENT=production DRY_RUN=true ATTESTED=false scripts/github/deploy.sh
also 'This was a plan' "and that it was a plan"
expect 0 '^\[\]$' "and changes nothing" functions_on_aws
all() { # in parallel, as CI does: every function has a state of its own
    local function pids=() code=0
    for function in "${functions[@]}"; do
        "$@" "$function" >"$function.log" 2>&1 &
        pids+=($!)
    done
    for function in "${pids[@]}"; do wait "$function" || code=$?; done
    for function in "${functions[@]}"; do cat "$function.log"; done
    # What has failed comes last, where it is shown.
    for function in "${functions[@]}"; do ! grep -q '^[a-z-]*\.sh: ' "$function.log" || tail -n 40 "$function.log"; done
    return "$code"
}
# What an earlier life of the function has left, and what a run leaves behind that is killed before it writes the state.
aws logs create-log-group --log-group-name "/aws/lambda/$prefix-$main"
aws iam create-role --role-name "$prefix-$main" --path "/$prefix/" --assume-role-policy-document '{}' >/dev/null
expect 2 'already exists' "something that no state has: the apply says what" deploy_only "$main"
import() { # as infra/README.md says
    bash -c 'source scripts/aws-common.sh; connect; terraform_init function "functions/$1.tfstate"
        terraform -chdir=infra/function import "${variables[@]}" -var "region=$region" -var "name=$1" -var "dist=$root/dist" "${@:2}"' import "$main" "$@"
}
expect 0 'Import successful' "it can be imported" import module.function.aws_iam_role.function "$prefix-$main"
expect 0 'live is as it was' "every function, side by side" all deploy_only
for function in "${functions[@]}"; do
    expect 0 '^1 \{\}$' "$function: live serves the x86_64 build" live "$function"
done
expect 0 'live is as it was' "every function again" all deploy_only
for function in "${functions[@]}"; do
    expect 0 "^$function: nothing to change" "$function: nothing to change" cat "$function.log"
done
clean() { [[ -z $(git status --porcelain) ]] && echo clean; }
expect 0 clean "the tree is the commit that it was: the lock files too" clean
expect 0 'status 200' "$main answers through live" invoke "$main" live "$event"
expect 0 ':policy/shop-production-functions"' "its role has the boundary" aws iam get-role --role-name "$prefix-$main" --query Role.PermissionsBoundary
if [[ -d dist/http-api ]]; then
    expect 0 '404' "http-api asks its table, by the name and the right that Terraform gave it" invoke http-api live dist/http-api/events/unknown-document.json
fi

# The HTTP API is moto's, which calls no function.
if [[ -d dist/event-processor ]]; then
    store() { # the scenario of its traffic, in this region
        "$tools_folder/terraform/bin/python" - <<'END'
import base64, boto3, json
with open("dist/event-processor/traffic/new-document.json") as file:
    text = file.read()
for placeholder, value in {"uuid:document": "01890a5d-ac96-774b-bcce-b302099a0001", "now": "2026-01-01T00:00:00Z", "table:documents": "shop-production-documents"}.items():
    text = text.replace("${" + placeholder + "}", value)
write, send = (step["aws"]["input"] for step in json.loads(text))
for item in write["TransactItems"]:
    for value in item["Put"]["Item"].values():
        if "B" in value:
            value["B"] = base64.b64decode(value["B"])
boto3.client("dynamodb").transact_write_items(**write)
queues = boto3.client("sqs")
queues.send_message(QueueUrl=queues.get_queue_url(QueueName="shop-production-documents")["QueueUrl"], MessageBody=send["MessageBody"])
print("sent")
END
    }
    expect 0 sent "a document is stored, and its id sent to the queue" store
    verified() {
        for _ in {1..100}; do
            aws dynamodb scan --table-name "$prefix-documents" --query 'Items[].status.S' --output text | grep verified && return
            sleep 0.2
        done
        return 1
    }
    expect 0 verified "it reaches live through the queue's mapping" verified
fi

# --- the sandbox's own apply ---------------------------------------------------------------------

say "sandbox apply sets what Terraform sets"
other_url() { command sandbox status --folder .other | sed -n '1s/ .*//p'; }
rehearse() { # in a second sandbox, as scripts/deploy.sh --sandbox does
    local function
    sandbox start --port 0 --folder .other
    for function in "${functions[@]}"; do
        sandbox apply "$function" --folder .other --region "$AWS_REGION" &&
            rollout --endpoint-url "$(other_url)" publish "$function" &&
            sandbox apply "$function" --folder .other --region "$AWS_REGION" || return
    done
}
expect 0 'published' "every function in a second sandbox" rehearse
same_settings() {
    "$tools_folder/terraform/bin/python" - "$sandbox_url" "$(other_url)" <<'END'
import boto3, json, sys

def without(found, *keys):
    return {key: value for key, value in found.items() if key not in ("ResponseMetadata", *keys)}

def mine(names):
    """Without what is there beside the first project's functions."""
    return [name for name in names if not name.rpartition("/")[2].startswith(("shop-staging-", "orders-", "shop-production-controller"))]

def account(url):
    functions, queues, tables = (boto3.client(service, endpoint_url=url) for service in ("lambda", "sqs", "dynamodb"))
    found = {}
    for name in mine(function["FunctionName"] for function in functions.list_functions()["Functions"]):
        # The sandbox has no roles.
        found[name] = without(functions.get_function_configuration(FunctionName=name), "Role", "RevisionId", "LastModified")
        found[name]["Concurrency"] = functions.get_function(FunctionName=name).get("Concurrency")
        mappings = functions.list_event_source_mappings(FunctionName=f"{name}:live")["EventSourceMappings"]
        found[name]["mappings"] = [without(mapping, "UUID", "EventSourceMappingArn", "LastModified") for mapping in mappings]
    for url_of_queue in mine(queues.list_queues().get("QueueUrls", [])):
        attributes = queues.get_queue_attributes(QueueUrl=url_of_queue, AttributeNames=["All"])["Attributes"]
        found[url_of_queue.removeprefix(url)] = {
            key: json.loads(value) if value.startswith("{") else value
            for key, value in attributes.items()
            if not key.startswith("Approximate") and not key.endswith("Timestamp")
        }
    for name in mine(tables.list_tables()["TableNames"]):
        table = tables.describe_table(TableName=name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes", [])
        found[name] = {
            "keys": table["KeySchema"],
            "attributes": sorted(each["AttributeName"] + each["AttributeType"] for each in table["AttributeDefinitions"]),
            "billing": table.get("BillingModeSummary", {}).get("BillingMode"),
            "indexes": [{key: index[key] for key in ("IndexName", "KeySchema", "Projection")} for index in indexes],
            "ttl": tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
            "backups": tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
        }
    return json.loads(json.dumps(found, default=str).replace(url, "URL").replace("shop-production-", ""))

terraform, sandbox = (account(url) for url in sys.argv[1:])
different = False
for name in sorted(terraform.keys() | sandbox.keys()):
    there, here = terraform.get(name, {}), sandbox.get(name, {})
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key):
            different = True
            print(f"{name} {key}: Terraform {there.get(key)}, sandbox apply {here.get(key)}")
print("different" if different else f"all {len(terraform)} are the same")
END
}
expect 0 'all [0-9]+ are the same' "functions, mappings, queues and tables" same_settings
sandbox stop --folder .other >/dev/null

# --- an apply never moves traffic ----------------------------------------------------------------

say "a rollout, and applies beside it"
# The sandbox knows every second what CloudWatch knows every minute.
manifest "$main" 'm["rollout"] |= {"period_s": 1, "metric_delay_s": 1, "bake_s": 4, "step_timeout_s": 16, "no_data_timeout_s": 80, "min_samples": 20}'
# Few calls: what is looked at is the path, and emulated builds on a busy machine would be throttled by more.
sandbox traffic "$prefix-$main" --events "dist/$main/events" --qualifier live --rate 40 --quiet >traffic.log 2>&1 &
traffic=$!
expect 0 'reached' "replay, rollout to half of the traffic, comparison" deploy "$main" --until 50
kill "$traffic"
wait "$traffic" || true
traffic=''
expect 0 "^1 \{'2': 0.5\}\$" "the weight is 50%" live "$main"
expect 2 'say --yes' "traffic moves not unasked" scripts/deploy.sh "$main" --no-build
also 'nothing to change' "where an apply has nothing to do"
expect 0 "^1 \{'2': 0.5\}\$" "the weight is still 50%" live "$main"
manifest "$main" 'm["memory_mib"] = 1769'
expect 0 'published version 3 .x86_64. and version 4 .arm64.' "other memory: the next pair" deploy_only "$main"
expect 0 "^1 \{'2': 0.5\}\$" "the weight is still 50%, between the versions of the old pair" live "$main"
expect 0 'status 200' "and these still serve: version 1" invoke "$main" 1 "$event"
expect 0 'status 200' "and version 2" invoke "$main" 2 "$event"
expect 0 '^4$' "the alias arm64 is at the newest pair" version_of "$main" arm64
expect 0 '' "live is moved by hand" aws lambda update-alias --function-name "$prefix-$main" --name live --function-version 4 --routing-config 'AdditionalVersionWeights={}'

# --- what goes wrong -----------------------------------------------------------------------------

say "what goes wrong"
manifest "$main" 'm["memory_mib"] = 2048'
expect 2 'terraform apply failed.*run the same again' "a publish that fails, fails the apply" env ROLLOUT=false scripts/deploy.sh "$main" --no-build --yes --no-rollout
expect 0 '^4$' "no build of a pair is public" version_of "$main" arm64
expect 0 'published version 5 .x86_64. and version 6' "the next apply repeats it" deploy_only "$main"
expect 0 '^4 \{\}$' "and live is where the hand has put it" live "$main"

echo '{"ID":"1","Who":"somebody@elsewhere"}' >lock.json
aws s3api put-object --bucket "$state_bucket" --key "functions/$main.tfstate.tflock" --body lock.json >/dev/null
expect 0 'No changes' "a plan does not wait for a lock" deploy "$main" --plan
expect 2 'Who: +somebody@elsewhere' "a locked state: who holds it" deploy_only "$main"
unlock=$(grep -o 'TF_DATA_DIR=.* force-unlock .*' "$said")
expect 0 'successfully unlocked' "and what ends a lock that is left over" bash -c "${unlock/force-unlock/force-unlock -force}"

for name in x86_64 arm64; do lambda "$main" "/aliases/$name" --request DELETE; done
for version in 5 6; do lambda "$main" "?Qualifier=$version" --request DELETE; done
expect 0 'published version 7 .x86_64. and version 8' "both versions of the pair deleted: published again" deploy_only "$main"
expect 0 '^4 \{\}$' "and live goes on with what it had" live "$main"

# --- what a push does ----------------------------------------------------------------------------

say "a push: what differs, and then what is to be done"
manifest "$main" 'm["rollout"] |= {"bake_after_s": 0, "bake_s": 2}'
compare() { env FUNCTION="$main" ENVIRONMENT=production ROLE=arn:role scripts/github/compare.sh; }
act() { env FUNCTION="$main" ENVIRONMENT=production ATTESTED=false ACTION="$1" scripts/github/deploy.sh; } # ACTION
commit() { # with artifacts of the same content, as a build of this commit would give
    git -c user.name=test -c user.email=test@example.com commit --quiet --all --message "$1"
    manifest "$main" "for a in m['artifacts'].values(): a['commit'] = '$(git rev-parse HEAD)'"
}
expect 0 '^action=deploy$' "a pair that live does not serve" compare
expect 0 'promoted' "is deployed, although nobody calls" act deploy
expect 0 '^action=nothing$' "then nothing differs" compare
logs=$(git ls-files 'infra/*logs.tf' | head -n 1) settings=$(git ls-files 'infra/*/function.tf' | head -n 1)
sed -i 's/retention_in_days = .*/retention_in_days = 7/' "$logs"
commit "Another retention of the logs, in a module"
expect 0 '^action=apply$' "a module that has changed: Terraform has something to do" compare
expect 0 'no rollout is needed' "which is done without a rollout" act apply
sed -i 's/system_log_level .*= .*/system_log_level = "WARN"/' "$settings"
commit "Another log level, which is a version's setting"
expect 0 'promoted' "a setting that function.json does not have is a new pair, and so a rollout" act apply
expect 0 '^10 \{\}$' "live serves it" live "$main"
expect 0 'is rolled back' "rolled back by hand" scripts/rollback.sh "$main" --to 8
sed -i 's/retention_in_days = .*/retention_in_days = 14/' "$logs"
commit "Another retention"
expect 0 'version 10 was rolled back' "applies what else there is, and does not start it again" act apply
expect 0 '^8 \{\}$' "live is where the hand has put it" live "$main"
git checkout --quiet --detach HEAD^
manifest "$main" "for a in m['artifacts'].values(): a['commit'] = '$(git rev-parse HEAD)'"
expect 1 '--any-order$' "a run of the commit before, with the same builds: it would undo that, and is refused" compare
expect 1 '--any-order$' "by the deploy too" act apply
expect 0 '^ *14$' "and nothing is undone" aws logs describe-log-groups --log-group-name-prefix "/aws/lambda/$prefix-$main" --query 'logGroups[0].retentionInDays'
expect 0 '^action=apply$' "in an environment that others follow, it is not" env ENVIRONMENTS='production staging' FUNCTION="$main" ENVIRONMENT=production ROLE=arn:role scripts/github/compare.sh
git checkout --quiet -
manifest "$main" "for a in m['artifacts'].values(): a['commit'] = '$(git rev-parse HEAD)'"
# --- gone again ----------------------------------------------------------------------------------

# --- the controller ------------------------------------------------------------------------------

say "the controller"
mv dist/controller dist/other
expect 2 'run scripts/build.sh controller, or leave it out' "one that is not built: what to do" env -u TF_VAR_platform scripts/platform.sh --plan --no-build
mv dist/other dist/controller
# What an earlier one has left.
aws logs create-log-group --log-group-name "/aws/lambda/$prefix-controller"
expect 0 'Apply complete' "the platform makes it" env -u TF_VAR_platform scripts/platform.sh --yes --no-build
expect 0 '^1$' "its live serves a version" version_of controller live
expect 0 'rate.1 minute.' "time wakes it" aws events describe-rule --name "$prefix-controller.schedule"
tick() { # as that rule does, which is moto's and wakes nobody
    printf '{"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "000000000000", "time": "%s",
        "region": "%s", "resources": [], "detail": {}}' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$AWS_REGION" >tick.json
    invoke controller live tick.json
}
expect 0 '"rollouts":0' "it finds nothing to do" tick
while sleep 1; do tick || true; done >ticks.log 2>&1 &
ticks=$!
manifest "$main" 'm["memory_mib"] = 2560'
expect 0 'The controller moves the weight' "a deploy starts a rollout and looks on" deploy "$main"
expect 0 '^12 \{\}$' "which the controller has promoted" live "$main"
kill "$ticks"
wait "$ticks" || true
ticks=''
expect 0 'module.platform.aws_lambda_function.controller."controller". will be destroyed' "controller = false ends it" scripts/platform.sh --plan --no-build

joined "$others" others
level() { aws lambda get-function-configuration --function-name "$1-$main" --query LoggingConfig.ApplicationLogLevel; }
expect 0 DEBUG "staging is as its file says" level shop-staging
expect 0 INFO "production is not" level shop-production

say "gone again"
for removed in "${functions[@]}"; do [[ $removed == "$main" ]] || break; done
rm -r "dist/$removed"
expect 2 "scripts/destroy.sh $removed" "a function that was removed: how to end what is left of it" deploy "$removed"
expect 2 "there is no state of nothing.*functions/$main.tfstate" "a wrong name: what there is" scripts/destroy.sh nothing --yes
expect 2 "these functions need the platform: .*$prefix-$main" "functions end before the platform" scripts/destroy.sh --platform --yes
expect 0 'will be destroyed' "a plan of the end" scripts/destroy.sh "$main" --plan
expect 0 "$main" "changes nothing" functions_on_aws
destroy() { scripts/destroy.sh "$1" --yes; }
expect 0 'Destroy complete|Apply complete' "every function ends, also the one without dist/" all destroy
expect 0 '^\[\]$' "no function is left" functions_on_aws
expect 0 "/aws/lambda/$prefix-$main" "their logs are" aws logs describe-log-groups --query 'logGroups[].logGroupName'
copy=infra/nothing/$prefix.tfstate
absent() { [[ ! -e $1 ]]; }
# As an interrupted run leaves it, of a platform that is long gone.
echo '{ "version": 4, "terraform_version": "1.11.0", "serial": 9000, "lineage": "gone", "outputs": {}, "resources": [] }' >"$copy"
expect 2 'say --yes' "the platform ends not unasked" scripts/destroy.sh --platform
also 'aws_dynamodb_table.shared.* will be' "what would end is in the bucket's state, whatever an earlier run has left"
expect 0 '' "and no copy of it stays" absent "$copy"
aws s3api get-object --bucket "$state_bucket" --key platform.tfstate last.json >/dev/null
expect 0 'Destroy complete|Apply complete' "the platform ends, as infra/README.md says" scripts/destroy.sh --platform --yes
expect 2 'there is no platform shop-production' "then there is none" scripts/destroy.sh --platform --yes
# As a run leaves it that was killed after the bucket had gone.
cp last.json "$copy"
expect 0 'This was a plan' "killed after the bucket has gone: the copy is the state" scripts/destroy.sh --platform --plan
expect 1 '' "and a plan leaves it" absent "$copy"
expect 0 'Destroy complete|Apply complete|No changes' "the next run ends it" scripts/destroy.sh --platform --yes
expect 0 '' "and the copy with it" absent "$copy"
for left in shop-staging orders-production; do
    prefix=$left
    expect 0 'status 200' "$left goes on" invoke "$main" live "$event"
done
expect 0 '^1$' "GitHub's identity provider stays" aws iam list-open-id-connect-providers --query 'length(OpenIDConnectProviderList)'
tables() { aws dynamodb list-tables --query "TableNames[?starts_with(@, '$1')]" --output json | tr -d ' \n'; }
expect 0 '^\[\]$' "no table is left of it" tables shop-production
end() { # [FLAG]...
    expect 0 'Destroy complete|Apply complete' "its function ends" scripts/destroy.sh "$main" --yes "$@"
    expect 0 'Destroy complete|Apply complete' "its platform ends" scripts/destroy.sh --platform --yes "$@"
}
end_other() { cd "$other" && say "the other project" && end; }
beside other end_other
ends=$!
say "staging"
cp "$other/infra/environments/staging.tfvars" infra/environments
end --environment staging
joined "$ends" other
expect 0 '^\[\]$' "no table is left" tables ''

all_as_expected
