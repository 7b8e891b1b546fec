"""Makes an alarm on an error rate and one on that alarm, and prints what is kept of them: alarms.py <protocol>."""

import json
import sys

from botocore.exceptions import ClientError
from one_protocol import cloudwatch

DIMENSIONS = [
    {"Name": "FunctionName", "Value": "f"},
    {"Name": "Resource", "Value": "f:live"},
    {"Name": "ExecutedVersion", "Value": "1"},
]


def stat(name):
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": DIMENSIONS}
    return {"Metric": metric, "Period": 60, "Stat": "Sum"}


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


client = cloudwatch(sys.argv[1])
client.put_metric_alarm(
    AlarmName="f-live-candidate",
    AlarmDescription="a < b & c",
    EvaluationPeriods=1,
    Threshold=20.5,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[
        {"Id": "rate", "Expression": "IF(i >= 10, 100 * e / i, 0)", "Label": "rate"},
        {"Id": "e", "MetricStat": stat("Errors"), "ReturnData": False},
        {"Id": "i", "MetricStat": stat("Invocations"), "ReturnData": False},
    ],
    AlarmActions=[],
    Tags=[{"Key": "a", "Value": "b"}],
)
client.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(f-live-candidate) OR FALSE", Tags=[{"Key": "c", "Value": "d"}])
client.set_alarm_state(AlarmName="f-live-candidate", StateValue="ALARM", StateReason="a drill")
(alarm,) = client.describe_alarms(AlarmNames=["f-live-candidate"])["MetricAlarms"]
arn = alarm["AlarmArn"]
tags = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
(composite,) = client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
composite_tags = client.list_tags_for_resource(ResourceARN=composite["AlarmArn"])["Tags"]
used = code(client.delete_alarms, AlarmNames=["f-live-candidate"])
client.delete_alarms(AlarmNames=["any"])
client.delete_alarms(AlarmNames=["f-live-candidate"])
print(
    json.dumps(
        {
            "alarm": [alarm[key] for key in ("AlarmDescription", "Threshold", "EvaluationPeriods", "ActionsEnabled", "StateValue")],
            "queries": [[query["Id"], query.get("Expression"), query["ReturnData"]] for query in alarm["Metrics"]],
            "dimensions": alarm["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"] == DIMENSIONS,
            "is_time": hasattr(alarm["StateUpdatedTimestamp"], "year"),
            "tags": tags,
            "composite": [composite[key] for key in ("AlarmName", "AlarmRule", "StateValue", "ActionsEnabled", "OKActions")],
            "triggered_by": [alarm["arn"] == arn for alarm in json.loads(composite["StateReasonData"])["triggeringAlarms"]],
            "composite_tags": composite_tags,
            "used": used,
            "left": client.describe_alarms()["MetricAlarms"],
            "refused": [
                code(client.delete_alarms, AlarmNames=["f-live-candidate"]),
                code(client.list_tags_for_resource, ResourceARN=arn),
            ],
        }
    )
)
