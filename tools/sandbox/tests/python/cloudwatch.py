"""Reads the metrics of the test's store with boto3, in the protocol that is named, and prints what it got."""

import datetime
import json
import sys

import botocore.exceptions
from one_protocol import cloudwatch

client = cloudwatch(sys.argv[1])
start = datetime.datetime.fromtimestamp(int(sys.argv[2]), datetime.timezone.utc)


def query(id, metric, stat):
    dimensions = [
        {"Name": "FunctionName", "Value": "f"},
        {"Name": "Resource", "Value": "f:live"},
        {"Name": "ExecutedVersion", "Value": "1"},
    ]
    identity = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": id, "MetricStat": {"Metric": identity, "Period": 60, "Stat": stat}, "ReturnData": True}


pages = client.get_paginator("get_metric_data").paginate(
    MetricDataQueries=[query("errors", "Errors", "Sum"), query("p50", "Duration", "p50")],
    StartTime=start,
    EndTime=start + datetime.timedelta(minutes=2),
    ScanBy="TimestampAscending",
    MaxDatapoints=3,
)
points = {}
for page in pages:
    for result in page["MetricDataResults"]:
        times = [time.timestamp() for time in result["Timestamps"]]
        points.setdefault(result["Id"], []).extend(zip(times, result["Values"]))

metrics = client.list_metrics(Namespace="AWS/Lambda", Dimensions=[{"Name": "ExecutedVersion", "Value": "1"}])

try:
    client.get_metric_data(MetricDataQueries=[query("Bad", "Errors", "Sum")], StartTime=start, EndTime=start)
    refused = None
except botocore.exceptions.ClientError as error:
    refused = [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]

names = sorted(metric["MetricName"] for metric in metrics["Metrics"])
print(json.dumps({"points": points, "metrics": names, "refused": refused}))
