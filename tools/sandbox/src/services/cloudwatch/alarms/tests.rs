use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    execution::record::{Outcome, Recorder as _},
    services::cloudwatch::{
        model::{
            distribution::Distribution,
            lambda::tests::{START, clock, invocation, metrics},
            metric::{MetricId, Unit},
            store::Sample,
        },
        wire::{
            input::{DeleteAlarmsInput, DescribeAlarmsInput, SetAlarmStateInput, TagsInput},
            value::to_json,
        },
    },
};

/// More than 20% of at least 10 invocations of version 1 through `f:live` within 10 s.
pub(super) fn rate_alarm() -> Json {
    let metric = |name: &str| {
        json!({
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": name,
                "Dimensions": [
                    {"Name": "FunctionName", "Value": "f"},
                    {"Name": "Resource", "Value": "f:live"},
                    {"Name": "ExecutedVersion", "Value": "1"},
                ],
            },
            "Period": 10,
            "Stat": "Sum",
        })
    };
    json!({
        "AlarmName": "f-live-candidate",
        "EvaluationPeriods": 1,
        "Threshold": 20,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "rate", "Expression": "IF(invocations >= 10, 100 * errors / invocations, 0)", "Label": "errors %"},
            {"Id": "errors", "MetricStat": metric("Errors"), "ReturnData": false},
            {"Id": "invocations", "MetricStat": metric("Invocations"), "ReturnData": false},
        ],
    })
}

pub(super) fn put(alarms: &Alarms, input: Json) -> Result<(), String> {
    let input = serde_json::from_value(input).map_err(|error| error.to_string())?;
    let put = operations::put(alarms, input, "us-east-1");
    put.map(drop).map_err(|error| error.to_string())
}

/// Alarms on a store that has these invocations, all in the second after [`START`].
pub(super) fn alarms(good: usize, bad: usize) -> Alarms {
    let (store, metrics) = metrics();
    let outcomes = [(Outcome::Success, good), (Outcome::Error, bad)];
    for (outcome, count) in outcomes {
        for _ in 0..count {
            metrics.record(invocation(1_000, outcome));
        }
    }
    Alarms::new(store, clock())
}

pub(super) fn at(after_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(START, 0).unwrap() + TimeDelta::seconds(after_s)
}

fn state(alarms: &Alarms) -> &'static str {
    alarms.lock()["f-live-candidate"].state.value.as_str()
}

#[test]
fn an_alarm_goes_off_and_calms_down_and_tells_of_each_change_once() {
    let alarms = alarms(7, 3);
    let mut events = alarms.events();
    put(&alarms, rate_alarm()).unwrap();
    assert_eq!(state(&alarms), "INSUFFICIENT_DATA");
    for after_s in [1, 2, 3, 12, 13] {
        alarms.evaluate(at(after_s));
    }
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        let json = event.to_json();
        told.push((
            json["time"].clone(),
            json["detail"]["state"]["value"].clone(),
        ));
    }
    let expected = [
        (at(1), "OK"),
        // The second of the failures is over.
        (at(2), "ALARM"),
        // And now more than a period ago.
        (at(12), "OK"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(time, value)| (json!(time.format("%FT%TZ").to_string()), json!(value)))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn too_few_invocations_say_nothing() {
    let alarms = alarms(0, 9);
    put(&alarms, rate_alarm()).unwrap();
    alarms.evaluate(at(3));
    assert_eq!(state(&alarms), "OK");
}

#[test]
fn the_event_is_as_aws_documents_it() {
    let alarms = alarms(5, 5);
    let mut events = alarms.events();
    put(&alarms, rate_alarm()).unwrap();
    alarms.evaluate(at(3));
    let event = events.try_recv().unwrap();
    assert!(event.is_alarm());
    let json = event.to_json();
    assert_eq!(json["detail-type"], "CloudWatch Alarm State Change");
    assert_eq!(json["source"], "aws.cloudwatch");
    assert_eq!(
        json["detail"]["previousState"]["value"],
        "INSUFFICIENT_DATA"
    );
    let metrics = &json["detail"]["configuration"]["metrics"];
    assert_eq!(
        metrics[1],
        json!({
            "id": "errors",
            "metricStat": {
                "metric": {
                    "dimensions": {"FunctionName": "f", "Resource": "f:live", "ExecutedVersion": "1"},
                    "name": "Errors",
                    "namespace": "AWS/Lambda",
                },
                "period": 10,
                "stat": "Sum",
            },
            "returnData": false,
        })
    );
    assert_eq!(metrics[0]["label"], "errors %");
    assert_eq!(metrics[0]["returnData"], true);
    let reason = json["detail"]["state"]["reason"].as_str().unwrap();
    assert!(reason.contains("[50.0 ("), "{reason}");
}

#[test]
fn another_configuration_leaves_the_state_and_deleting_forgets_it() {
    let alarms = alarms(5, 5);
    put(&alarms, rate_alarm()).unwrap();
    alarms.evaluate(at(3));
    put(&alarms, rate_alarm()).unwrap();
    assert_eq!(state(&alarms), "ALARM");
    let names = DeleteAlarmsInput {
        alarm_names: vec!["f-live-candidate".to_owned()],
    };
    operations::delete(&alarms, &names).unwrap();
    let gone = operations::delete(&alarms, &names).unwrap_err();
    assert_eq!(gone.code(), "ResourceNotFound");
    put(&alarms, rate_alarm()).unwrap();
    assert_eq!(state(&alarms), "INSUFFICIENT_DATA");
}

#[test]
fn a_state_that_is_set_holds_until_the_next_evaluation() {
    let alarms = alarms(10, 0);
    let mut events = alarms.events();
    put(&alarms, rate_alarm()).unwrap();
    let input =
        json!({"AlarmName": "f-live-candidate", "StateValue": "ALARM", "StateReason": "a drill"});
    let input: SetAlarmStateInput = serde_json::from_value(input).unwrap();
    operations::set_state(&alarms, &input).unwrap();
    assert!(events.try_recv().unwrap().is_alarm());
    alarms.evaluate(at(3));
    assert_eq!(state(&alarms), "OK");
}

#[test]
fn what_an_alarm_cannot_be_is_refused_with_the_reason() {
    let alarms = alarms(0, 0);
    for (key, value, text) in [
        ("EvaluationPeriods", json!(0), "EvaluationPeriods"),
        ("EvaluationPeriods", json!(8641), "no more than a day"),
        ("DatapointsToAlarm", json!(2), "from 1 to EvaluationPeriods"),
        (
            "ComparisonOperator",
            json!("LessThanLowerThreshold"),
            "LessThanLowerThreshold",
        ),
        ("TreatMissingData", json!("maybe"), "notBreaching"),
        ("Period", json!(60), "Metrics excludes"),
        ("ThresholdMetricId", json!("rate"), "anomaly detection"),
        (
            "Metrics",
            json!([{"Id": "e", "Expression": "RATE(m)"}]),
            "not RATE",
        ),
        (
            "Metrics",
            json!([{"Id": "e", "Expression": "m"}]),
            "m is no metric",
        ),
        (
            "Metrics",
            json!([{"Id": "e", "Expression": "1"}]),
            "need metrics",
        ),
        ("Metrics", json!([{"Id": "E", "Expression": "1"}]), "[a-z]"),
        ("Threshold", Json::Null, "Threshold is required"),
    ] {
        let mut input = rate_alarm();
        input[key] = value;
        let error = put(&alarms, input).unwrap_err();
        assert!(error.contains(text), "{key}: {error}");
    }
    let mut two = rate_alarm();
    two["Metrics"][1]["ReturnData"] = json!(true);
    assert!(put(&alarms, two).unwrap_err().contains("Exactly one"));
    let mut other_period = rate_alarm();
    other_period["Metrics"][1]["MetricStat"]["Period"] = json!(20);
    assert!(
        put(&alarms, other_period)
            .unwrap_err()
            .contains("one Period")
    );
    let mut unknown_period = rate_alarm();
    unknown_period["Metrics"][1]["MetricStat"]["Period"] = json!(15);
    assert!(
        put(&alarms, unknown_period)
            .unwrap_err()
            .contains("Period must be 10")
    );
}

#[test]
fn an_alarm_on_one_metric_is_described_as_it_was_made() {
    let alarms = alarms(0, 0);
    let input = json!({
        "AlarmName": "queue", "Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": "documents"}], "Statistic": "Maximum",
        "Period": "60", "EvaluationPeriods": "3", "Threshold": "600.5", "OKActions": "",
        "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": ["arn:aws:sns:us-east-1:0:t"],
    });
    put(&alarms, input).unwrap();
    let all: DescribeAlarmsInput =
        serde_json::from_value(json!({"AlarmNames": ["queue"]})).unwrap();
    let described = to_json(describe::run(&alarms, &all).unwrap()).unwrap();
    let alarm = &described["MetricAlarms"][0];
    for (member, value) in [
        ("Threshold", json!(600.5)),
        ("Period", json!(60)),
        ("OKActions", json!([])),
        ("ActionsEnabled", json!(true)),
        (
            "AlarmArn",
            json!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:queue"),
        ),
        ("StateValue", json!("INSUFFICIENT_DATA")),
        (
            "Dimensions",
            json!([{"Name": "QueueName", "Value": "documents"}]),
        ),
        // What was not given is left out.
        ("Metrics", Json::Null),
        ("AlarmDescription", Json::Null),
    ] {
        assert_eq!(alarm[member], value, "{member}: {described}");
    }
}

#[test]
fn descriptions_come_in_pages_and_by_prefix() {
    let alarms = alarms(0, 0);
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        let mut input = rate_alarm();
        input["AlarmName"] = json!(name);
        put(&alarms, input).unwrap();
    }
    let describe = |input: Json| {
        let input: DescribeAlarmsInput = serde_json::from_value(input).unwrap();
        to_json(describe::run(&alarms, &input).unwrap())
            .unwrap()
            .to_string()
    };
    let first = describe(json!({"AlarmNamePrefix": "a-", "MaxRecords": 2}));
    assert!(first.contains("a-2") && !first.contains("a-3"), "{first}");
    assert!(first.contains("NextToken"), "{first}");
    let composite = describe(json!({"AlarmTypes": ["CompositeAlarm"]}));
    assert!(!composite.contains("b-1"), "{composite}");
    let acting = describe(json!({"ActionPrefix": "arn:aws:sns"}));
    assert!(!acting.contains("b-1"), "{acting}");
    let in_alarm = describe(json!({"StateValue": "ALARM"}));
    assert!(!in_alarm.contains("b-1"), "{in_alarm}");
}

#[test]
fn tags_are_kept_by_arn() {
    let alarms = alarms(0, 0);
    let mut input = rate_alarm();
    input["Tags"] = json!([{"Key": "owner", "Value": "rollout"}]);
    put(&alarms, input).unwrap();
    let tags = |more: Json| {
        let mut input = json!({"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:f-live-candidate"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value::<TagsInput>(input).unwrap()
    };
    operations::tag(
        &alarms,
        &tags(json!({"Tags": [{"Key": "a", "Value": "b"}]})),
    )
    .unwrap();
    operations::untag(&alarms, &tags(json!({"TagKeys": ["owner"]}))).unwrap();
    let listed = operations::list_tags(&alarms, &tags(json!({}))).unwrap();
    let expected = json!({"Tags": [{"Key": "a", "Value": "b"}]});
    assert_eq!(to_json(listed), Ok(expected));
    let unknown = json!({"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:x"});
    let unknown = serde_json::from_value(unknown).unwrap();
    let error = operations::list_tags(&alarms, &unknown).unwrap_err();
    assert_eq!(error.code(), "ResourceNotFoundException");
}

#[test]
fn an_alarm_goes_by_metrics_of_any_namespace() {
    let (store, _) = metrics();
    let alarms = Alarms::new(Arc::clone(&store), clock());
    let metric = |name: &str| {
        json!({
            "Metric": {
                "Namespace": "shop", "MetricName": name,
                "Dimensions": [{"Name": "Version", "Value": "2"}, {"Name": "Function", "Value": "f"}],
            },
            "Period": 60,
            "Stat": "Sum",
        })
    };
    let mut alarm = rate_alarm();
    alarm["Metrics"][1]["MetricStat"] = metric("ServerErrors");
    alarm["Metrics"][2]["MetricStat"] = metric("Requests");
    put(&alarms, alarm).unwrap();
    let count = |name: &str, value: f64| {
        let pairs = [("Function", "f"), ("Version", "2")];
        let id = MetricId {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            dimensions: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        };
        let [metric] = store.places([id]).unwrap();
        let sample = Sample {
            metric,
            unit: Unit::COUNT,
            time_s: START + 1,
            high_resolution: false,
            values: Distribution::of(value, 1.0),
        };
        store.put([sample], START);
    };
    let put = |errors| {
        count("Requests", 10.0);
        count("ServerErrors", errors);
    };
    put(2.0);
    alarms.evaluate(at(30));
    assert_eq!(state(&alarms), "OK");
    put(8.0);
    alarms.evaluate(at(36));
    assert_eq!(state(&alarms), "ALARM");
}
