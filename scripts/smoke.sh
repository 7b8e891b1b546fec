#!/usr/bin/env bash
# Checks on a real account what no account has confirmed yet and this project takes for granted: with one throw-away
# function of a few lines of bash, for some cents and about a quarter of an hour. By the AWS CLI alone; removes what it
# makes. The report is Markdown, to paste into an issue.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$PATH:$root/.tools/clients/bin"

usage="usage: scripts/smoke.sh [--yes] [--role ARN] [--wait SECONDS] [--report FILE]

  --yes            do not ask whether this is the right account
  --role ARN       the function's execution role, with AWSLambdaBasicExecutionRole and AWSLambdaSQSQueueExecutionRole
                   (default: a role is made and removed)
  --wait SECONDS   how long metrics may take (default 900)
  --report FILE    where the report goes (default smoke-report.md)

Exit codes: 0 all is as expected, 1 something is not, 2 could not run."
die() { echo "smoke.sh: $*" >&2 && exit 2; }
yes=false role='' wait=900 report=smoke-report.md
while (($#)); do
    case $1 in
    -h | --help) echo "$usage" && exit 0 ;;
    --yes) yes=true ;;
    --role) role=${2:?"--role needs an ARN"} && shift ;;
    --wait) wait=${2:?"--wait needs a number"} && shift ;;
    --report) report=${2:?"--report needs a file"} && shift ;;
    *) die "unknown argument $1"$'\n'"$usage" ;;
    esac
    shift
done
for needed in aws python3; do
    command -v "$needed" >/dev/null || die "$needed is not installed: scripts/setup.sh --clients brings the AWS CLI"
done
where=${AWS_ENDPOINT_URL:-}
if [[ -z $where ]]; then
    where=$(aws sts get-caller-identity --query "join(', ', [Account, Arn])" --output text) ||
        die "AWS does not take these credentials, see above: sign in (aws sso login, aws configure) or set AWS_PROFILE"
fi
if ! $yes; then
    [[ -t 0 ]] || die "this is $where: say --yes where nobody can be asked"
    read -r -p "$where: make a function, a queue, a role, and remove them again? [y/N] " answer
    [[ $answer == [yY]* ]] || die "nothing was made"
fi

name=smoke-$(date +%s)-$$
work=$(mktemp -d)
mapping='' queue='' alarm='' made_role=false made_function=false
# The AWS CLI of version 1 does not read it for SQS.
aws() { command aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@"; }
text() { aws "$@" --output text; }
fn() { text lambda "$1" --function-name "$name" "${@:2}"; }
quietly() { "$@" >/dev/null 2>&1 || echo "could not be removed, please look: $*" >&2; }
cleanup() {
    [[ -z $mapping ]] || quietly aws lambda delete-event-source-mapping --uuid "$mapping"
    [[ -z $alarm ]] || quietly aws cloudwatch delete-alarms --alarm-names "$alarm"
    ! $made_function || quietly aws lambda delete-function --function-name "$name"
    [[ -z $queue ]] || quietly aws sqs delete-queue --queue-url "$queue"
    if $made_role; then
        for policy in AWSLambdaBasicExecutionRole AWSLambdaSQSQueueExecutionRole; do
            quietly aws iam detach-role-policy --role-name "$name" --policy-arn "arn:aws:iam::aws:policy/service-role/$policy"
        done
        quietly aws iam delete-role --role-name "$name"
        quietly aws logs delete-log-group --log-group-name "/aws/lambda/$name"
    fi
    rm -rf "$work"
}
trap cleanup EXIT

differs=0
{
    echo "### What was seen on $(date -u +%F), by scripts/smoke.sh"
    echo
    echo "| claim | seen | as expected |"
    echo "| --- | --- | --- |"
} >"$report"
# claim CLAIM PATTERN SEEN: one line of the report.
claim() {
    local holds=yes
    [[ $3 =~ $2 ]] || { holds=no && differs=$((differs + 1)); }
    printf '| %s | %s | %s |\n' "$1" "$(printf %s "$3" | tr '\n\t|' '   ')" "$holds" | tee -a "$report"
}
# refused COMMAND...: how AWS refuses it, such as `PreconditionFailedException`, or `not refused`.
refused() {
    local said
    if said=$("$@" 2>&1); then echo "not refused"; else sed -n 's/.*An error occurred (\([A-Za-z]*\)).*/\1/p' <<<"$said"; fi
}
# until_ok COMMAND...: tries for two minutes.
until_ok() {
    for ((i = 0; i < 60; i++)); do
        ! "$@" >"$work/said" 2>&1 || return 0
        sleep 2
    done
    die "$(<"$work/said")"
}

# --- what it is about ----------------------------------------------------------------------------

if [[ -z $role ]]; then
    role=$(text iam create-role --role-name "$name" --query Role.Arn --assume-role-policy-document \
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}')
    made_role=true
    for policy in AWSLambdaBasicExecutionRole AWSLambdaSQSQueueExecutionRole; do
        aws iam attach-role-policy --role-name "$name" --policy-arn "arn:aws:iam::aws:policy/service-role/$policy"
    done
fi
cat >"$work/bootstrap" <<'END'
#!/bin/bash
# Answers every event with its own version; an event that says "fail" and this version is an error. Each is counted, in a
# line as shared/src/telemetry writes it.
url=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while true; do
    event=$(curl -sS -D /tmp/headers-$$ "$url/next")
    id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' /tmp/headers-$$)
    printf '{"_aws": {"Timestamp": %s, "CloudWatchMetrics": [{"Namespace": "smoke", "Dimensions": [["Function", "Version"]], "Metrics": [{"Name": "Requests"}]}]}, "Function": "%s", "Version": "%s", "Requests": 1}\n' \
        "$(date +%s%3N)" "$AWS_LAMBDA_FUNCTION_NAME" "$AWS_LAMBDA_FUNCTION_VERSION"
    if [[ $event == *"fail $AWS_LAMBDA_FUNCTION_VERSION"* ]]; then
        curl -sS -o /dev/null "$url/$id/error" -d '{"errorType": "Asked", "errorMessage": "asked to fail"}'
    else
        curl -sS -o /dev/null "$url/$id/response" -d "\"$AWS_LAMBDA_FUNCTION_VERSION\""
    fi
done
END
zip() { # NAME COMMENT: a zip whose content differs by the comment
    python3 - "$work" "$1" "$2" <<'END'
import pathlib, sys, zipfile
work, name, comment = sys.argv[1:]
entry = zipfile.ZipInfo("bootstrap", (2026, 1, 1, 0, 0, 0))
entry.external_attr, entry.create_system = 0o755 << 16, 3
with zipfile.ZipFile(f"{work}/{name}.zip", "w") as archive:
    archive.writestr(entry, pathlib.Path(work, "bootstrap").read_text() + f"# {comment}\n")
END
}
zip first 1
zip second 2
# A new role is not known everywhere at once.
until_ok aws lambda create-function --function-name "$name" --role "$role" --runtime provided.al2023 --handler bootstrap \
    --architectures x86_64 --timeout 5 --zip-file "fileb://$work/first.zip"
made_function=true
settled() { aws lambda wait function-updated-v2 --function-name "$name"; }
aws lambda wait function-active-v2 --function-name "$name"

# --- versions ------------------------------------------------------------------------------------

revision() { fn get-function-configuration --query RevisionId; }
settled
before=$(revision)
sleep 2
claim "a function's RevisionId stays once its update is over" '^same$' "$([[ $(revision) == "$before" ]] && echo same || echo changes)"
one=$(fn publish-version --query Version)
claim "PublishVersion of nothing new gives the version that there is" "^$one\$" "$(fn publish-version --query Version)"
claim "and so it does with another description" "^$one\$" "$(fn publish-version --description other --query Version)"
claim "a CodeSha256 that is not that of \$LATEST is refused" '^(InvalidParameterValueException|PreconditionFailedException)$' \
    "$(refused aws lambda publish-version --function-name "$name" --code-sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=)"
claim "a RevisionId that is not that of \$LATEST is refused" '^PreconditionFailedException$' \
    "$(refused aws lambda publish-version --function-name "$name" --revision-id 00000000-0000-0000-0000-000000000000)"
fn update-function-code --architectures arm64 --zip-file "fileb://$work/second.zip" --query RevisionId >/dev/null
settled
claim "an update of the code changes the RevisionId" '^changes$' "$([[ $(revision) == "$before" ]] && echo same || echo changes)"
fn update-function-code --architectures x86_64 --zip-file "fileb://$work/first.zip" --query RevisionId >/dev/null
settled
claim "PublishVersion of what an older version is, after an update in between, gives that version or a new one" '^[0-9]+ after' \
    "$(fn publish-version --query Version) after $one"
fn update-function-code --architectures x86_64 --zip-file "fileb://$work/second.zip" --query RevisionId >/dev/null
settled
two=$(fn publish-version --query Version)

# --- the alias -----------------------------------------------------------------------------------

old=$(fn create-alias --name live --function-version "$one" --query RevisionId)
new=$(fn update-alias --name live --description changed --query RevisionId)
claim "an update of an alias changes its RevisionId" '^changes$' "$([[ $old == "$new" ]] && echo same || echo changes)"
claim "an update with the RevisionId from before is refused" '^PreconditionFailedException$' \
    "$(refused aws lambda update-alias --function-name "$name" --name live --description again --revision-id "$old")"
claim "reading an alias does not change its RevisionId" '^same$' "$([[ $(fn get-alias --name live --query RevisionId) == "$new" ]] && echo same || echo changes)"
invoke() { # QUALIFIER EVENT: the version that was executed
    text lambda invoke --function-name "$name" --qualifier "$1" --cli-binary-format raw-in-base64-out --payload "$2" \
        --query ExecutedVersion "$work/answer" 2>/dev/null ||
        text lambda invoke --function-name "$name" --qualifier "$1" --payload "$2" --query ExecutedVersion "$work/answer"
}
calls=0
call() { # EVENT: to live; sets executed, and counts
    executed=$(invoke live "$1")
    calls=$((calls + 1))
}
until_ok invoke "$two" '{}'
start=$(date -u -d '-1 minute' +%FT%TZ 2>/dev/null || date -u -v-1M +%FT%TZ)
call '{}'
claim "an answer says its ExecutedVersion where the alias has no weight" "^$one\$" "$executed"

# --- a queue's mapping ---------------------------------------------------------------------------

queue=$(text sqs create-queue --queue-name "$name" --attributes VisibilityTimeout=30 --query QueueUrl)
queue_arn=$(text sqs get-queue-attributes --queue-url "$queue" --attribute-names QueueArn --query Attributes.QueueArn)
mapping=$(text lambda create-event-source-mapping --function-name "$name:live" --event-source-arn "$queue_arn" --batch-size 1 --query UUID) || mapping=''
claim "a mapping on an alias keeps the alias in its FunctionArn" ':live$' "$([[ -z $mapping ]] || text lambda get-event-source-mapping --uuid "$mapping" --query FunctionArn)"
claim "it is listed by the alias" '^1$' "$(text lambda list-event-source-mappings --function-name "$name:live" --query 'length(EventSourceMappings)')"

# --- metrics -------------------------------------------------------------------------------------

# The alarm on a candidate, as tools/rollout/src/aws/alarm.rs makes it; ServerErrors are never sent.
python3 - "$work/alarm.json" "$name" "$two" <<'END'
import json, sys
path, function, version = sys.argv[1:]
def metric(id, namespace, name, **dimensions):
    dimensions = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": id, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
of_lambda = {"FunctionName": function, "Resource": function + ":live", "ExecutedVersion": version}
own = {"Function": function, "Version": version}
json.dump([
    {"Id": "percent", "ReturnData": True, "Expression":
        "IF(FILL(invocations, 0) >= 2, 100 * FILL(errors, 0) / FILL(invocations, 1), 0)"
        " + IF(FILL(of0, 0) >= 2 AND 100 * FILL(failed0, 0) > 20 * FILL(of0, 0), 100, 0)"},
    metric("errors", "AWS/Lambda", "Errors", **of_lambda),
    metric("invocations", "AWS/Lambda", "Invocations", **of_lambda),
    metric("failed0", "smoke", "ServerErrors", **own),
    metric("of0", "smoke", "Requests", **own),
], open(path, "w"))
END
alarm=$name
claim "an alarm by metric math, over a metric that was never sent too, is accepted" '^yes$' "$(aws cloudwatch put-metric-alarm --alarm-name "$alarm" \
    --metrics "file://$work/alarm.json" --comparison-operator GreaterThanThreshold --threshold 20 --evaluation-periods 1 \
    --treat-missing-data notBreaching 2>&1 && echo yes)"

echo "10 invocations of version $one at 100%"
for ((i = 0; i < 10; i++)); do call '{}'; done
text sqs send-message --queue-url "$queue" --message-body message --query MessageId >/dev/null
began=$SECONDS
fn update-alias --name live --routing-config "AdditionalVersionWeights={$two=0.5}" --query RevisionId >/dev/null
# An alias may take seconds until it is known everywhere.
for ((i = 0, with_weight = 0; i < 60 && with_weight < 5; i++)); do
    call "\"fail $two\""
    [[ $executed != "$two" ]] || with_weight=$((with_weight + 1))
done
claim "a weight of 0.5 sends calls to the second version, whose ExecutedVersion the answer says" '^5 of ' "$with_weight of $i"
python3 - "$work/values.json" "$name" <<'END'
import json, sys
# Some values a bucket: the limit of the trimmed count is inside one.
values = [100 + step / 3 for step in range(40)]
json.dump([{"MetricName": "Duration", "Dimensions": [{"Name": "Run", "Value": sys.argv[2]}], "Values": values, "Counts": [1] * 40}], open(sys.argv[1], "w"))
END
aws cloudwatch put-metric-data --namespace smoke --metric-data "file://$work/values.json"
sums() { # METRIC VERSION: its points, one a line
    text cloudwatch get-metric-data --start-time "$start" --end-time "$(date -u +%FT%TZ)" --query 'MetricDataResults[0].Values[]' --metric-data-queries \
        "[{\"Id\": \"m\", \"MetricStat\": {\"Period\": 60, \"Stat\": \"Sum\", \"Metric\": {\"Namespace\": \"AWS/Lambda\", \"MetricName\": \"$1\", \"Dimensions\": [{\"Name\": \"FunctionName\", \"Value\": \"$name\"}, {\"Name\": \"Resource\", \"Value\": \"$name:live\"}, {\"Name\": \"ExecutedVersion\", \"Value\": \"$2\"}]}}}]" | tr '\t' '\n'
}
requests() { # VERSION: what its lines of metrics have come to
    text cloudwatch get-metric-data --start-time "$start" --end-time "$(date -u +%FT%TZ)" --query 'MetricDataResults[0].Values[]' --metric-data-queries \
        "[{\"Id\": \"m\", \"MetricStat\": {\"Period\": 60, \"Stat\": \"Sum\", \"Metric\": {\"Namespace\": \"smoke\", \"MetricName\": \"Requests\", \"Dimensions\": [{\"Name\": \"Function\", \"Value\": \"$name\"}, {\"Name\": \"Version\", \"Value\": \"$1\"}]}}}]" | tr '\t' '\n' | total
}
state() { text cloudwatch describe-alarms --alarm-names "$alarm" --query 'MetricAlarms[0].StateValue'; }
trimmed() {
    text cloudwatch get-metric-data --start-time "$start" --end-time "$(date -u -d '+1 minute' +%FT%TZ 2>/dev/null || date -u -v+1M +%FT%TZ)" --query 'MetricDataResults[0].Values[0]' --metric-data-queries \
        "[{\"Id\": \"m\", \"MetricStat\": {\"Period\": 60, \"Stat\": \"TC(105.1:)\", \"Metric\": {\"Namespace\": \"smoke\", \"MetricName\": \"Duration\", \"Dimensions\": [{\"Name\": \"Run\", \"Value\": \"$name\"}]}}}]"
}
total() { awk '{ all += $1 } END { print all + 0 }'; }
echo "waiting for the metrics, $wait s at most"
deadline=$((SECONDS + wait)) seen=0 lag=none own_lag=none alarm_lag=none
while ((SECONDS < deadline)); do
    counted=$(requests "$two")
    [[ $own_lag != none ]] || ((${counted%.*} < with_weight)) || own_lag=$((SECONDS - began))
    [[ $alarm_lag != none || $(state) != ALARM ]] || alarm_lag=$((SECONDS - began))
    seen=$({ sums Invocations "$one" && sums Invocations "$two"; } | total)
    if ((${seen%.*} > calls)) && [[ $own_lag != none && $alarm_lag != none ]] && [[ $(sums Errors "$two" | total) != 0 && $(trimmed) != None ]]; then
        lag=$((SECONDS - began))
        break
    fi
    sleep 10
done
alone=$(sums Invocations "$one" | total)
claim "Invocations have ExecutedVersion, also while the alias serves one version alone" '^yes' "$( ((${alone%.*} >= 11)) && echo yes || echo no): $alone, 11 of them then"
claim "every call is counted, and that of the mapping" '^yes' "$( ((${seen%.*} == calls + 1)) && echo yes || echo no): $seen of $calls and a message"
claim "metrics are there, which metric_delay_s says for 120 s" '^[0-9]' "$lag s after the last calls began"
claim "metrics from lines of the log are there, within metric_delay_s too" '^[0-9]' "$own_lag s after the last calls began"
claim "the alarm has gone off by the errors of the second version" '^[0-9]' "$alarm_lag s after the last calls began"
claim "Errors of the second version are counted by it" '^[1-9]' "$(sums Errors "$two" | total)"
for metric in Errors Throttles; do
    points=$(sums "$metric" "$one")
    claim "$metric are sent as 0 for a version that has none, or not at all" '^(0|none)' "${points:-none}"
done
claim "the trimmed count TC(105.1:) of 40 values may be a fraction" '^[0-9]' "$(trimmed) (24 of the values are larger)"

claim "a version that an alias routes to cannot be deleted" '^ResourceConflictException$' "$(refused aws lambda delete-function --function-name "$name" --qualifier "$one")"

echo
echo "The report is in $report: please paste it into an issue."
((differs == 0)) || { echo "$differs of it are not as expected" && exit 1; }
