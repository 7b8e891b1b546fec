"""Puts metrics and prints what is read back of them: put_metrics.py <protocol>."""

import datetime
import json
import secrets
import sys

from botocore.exceptions import ClientError
from one_protocol import cloudwatch

client = cloudwatch(sys.argv[1])
namespace = "shop/" + sys.argv[1]
minute = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
time = minute - datetime.timedelta(minutes=5)
dimensions = [{"Name": "Version", "Value": "7"}, {"Name": "Function", "Value": "f"}]


def put(**datum):
    datum = {"MetricName": "Requests", "Dimensions": dimensions, "Timestamp": time, **datum}
    client.put_metric_data(Namespace=namespace, MetricData=[datum])


def refused(**datum):
    try:
        put(**datum)
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["Error"]["Message"]]
    return None


put(Value=5.0, Unit="Count")
put(Values=[1.0, 10.0], Counts=[2.0, 4.0], Unit="Count")
put(StatisticValues={"SampleCount": 2, "Sum": 6, "Minimum": 3, "Maximum": 3}, Unit="Count")
# More than 10 KiB: boto3 compresses it.
seen = set()
client.meta.events.register(
    "before-send.cloudwatch.PutMetricData",
    lambda request, **_: seen.add(request.headers.get("Content-Encoding", b"none").decode()),
)
names = [f"metric-with-a-long-name-{n}" for n in range(300)]
client.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": name, "Value": 1} for name in names])
encodings = sorted(seen)


def large(value):
    """Puts 2 MiB of dimensions."""
    dimensions = lambda: [{"Name": name, "Value": value()} for name in "ab"]
    data = [{"MetricName": f"m{n}", "Value": 1, "Dimensions": dimensions()} for n in range(1000)]
    try:
        client.put_metric_data(Namespace="large", MetricData=data)
    except ClientError as error:
        response = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return [response["Error"]["Code"], status, " ".join(response["Error"]["Message"].split()[3:])]
    return None


window = {"StartTime": time, "EndTime": time + datetime.timedelta(minutes=1)}
statistics = client.get_metric_statistics(
    Namespace=namespace,
    MetricName="Requests",
    Dimensions=dimensions,
    Period=60,
    Statistics=["Sum", "SampleCount", "Maximum"],
    ExtendedStatistics=["p100", "tc50"],
    **window,
)
metric = {"Namespace": namespace, "MetricName": "Requests", "Dimensions": dimensions}
data = client.get_metric_data(
    MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}],
    **window,
)
[point] = statistics["Datapoints"]
assert point.pop("Timestamp") == time, point
pages = client.get_paginator("list_metrics").paginate(Namespace=namespace)
listed = [metric for page in pages for metric in page["Metrics"]]
print(
    json.dumps(
        {
            "point": point,
            "average": data["MetricDataResults"][0]["Values"],
            "encodings": encodings,
            # A few KiB when they are compressed, and more than 1 MiB.
            "large": [large(lambda: 1024 * "x"), large(lambda: secrets.token_urlsafe(768))],
            "listed": len(listed),
            "dimensions": [metric["Dimensions"] for metric in listed if metric["MetricName"] == "Requests"],
            "refused": [refused(Value=1, Values=[1]), refused(Values=[1, 2], Counts=[1])],
        }
    )
)
