//! What `GetMetricData` answers, without a wire.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    execution::record::{InvocationRecord, Outcome, Recorder as _},
    services::cloudwatch::{
        model::{
            lambda::{
                LambdaMetrics,
                tests::{START, invocation, metrics},
            },
            store::MetricStore,
        },
        operations::put_metric_data,
        wire::value::to_json,
    },
};

/// One query for `metric` of the function `f`.
fn query(id: &str, metric: &str, stat: &str, period: i64) -> Json {
    json!({
        "Id": id,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            },
            "Period": period,
            "Stat": stat,
        },
    })
}

fn request(queries: Json, range: Range<i64>) -> Json {
    json!({"MetricDataQueries": queries, "StartTime": range.start, "EndTime": range.end})
}

fn run_at(store: &MetricStore, request: Json, now_s: i64) -> Result<Json, CloudWatchError> {
    let answer = run(store, &serde_json::from_value(request).unwrap(), now_s)?;
    Ok(to_json(answer).unwrap())
}

/// The points of the `n`th result.
fn points(output: &Json, n: usize) -> Vec<Point> {
    let result = &output["MetricDataResults"][n];
    let times = result["Timestamps"].as_array().unwrap();
    let values = result["Values"].as_array().unwrap();
    assert_eq!(times.len(), values.len());
    let point = |(time, value): (&Json, &Json)| (time.as_i64().unwrap(), value.as_f64().unwrap());
    times.iter().zip(values).map(point).collect()
}

/// One invocation a second for ten minutes, every tenth an error.
fn ten_minutes() -> Arc<MetricStore> {
    ten_minutes_and_more().0
}

fn ten_minutes_and_more() -> (Arc<MetricStore>, LambdaMetrics) {
    let (store, metrics) = metrics();
    for second in 0..600 {
        let outcome = if second % 10 == 0 {
            Outcome::Error
        } else {
            Outcome::Success
        };
        metrics.record(invocation(second * 1000 + 999, outcome));
    }
    (store, metrics)
}

#[test]
fn points_are_aligned_and_newest_first_unless_asked_otherwise() {
    let store = ten_minutes();
    let mut asked = request(
        json!([query("i", "Invocations", "Sum", 300)]),
        START..START + 600,
    );
    let expected = [(START + 300, 300.0), (START, 300.0)];
    assert_eq!(
        points(&run_at(&store, asked.clone(), START).unwrap(), 0),
        expected
    );
    asked["ScanBy"] = json!("TimestampAscending");
    let ascending = points(&run_at(&store, asked, START).unwrap(), 0);
    assert_eq!(ascending, [expected[1], expected[0]]);
}

#[test]
fn the_end_is_exclusive_and_periods_are_whole() {
    let store = ten_minutes();
    let asked = |range| request(json!([query("i", "Invocations", "Sum", 60)]), range);
    let count = |range| points(&run_at(&store, asked(range), START).unwrap(), 0).len();
    assert_eq!(count(START..START + 120), 2);
    assert_eq!(count(START..START + 121), 3);
    let cut = points(
        &run_at(&store, asked(START + 30..START + 60), START).unwrap(),
        0,
    );
    assert_eq!(cut, [(START, 60.0)]);
}

#[test]
fn statistics_of_errors_and_durations() {
    let store = ten_minutes();
    let queries = json!([
        query("errors", "Errors", "Sum", 600),
        query("rate", "Errors", "Average", 600),
        query("p99", "Duration", "p99", 600),
        query("rank", "Duration", "PR(:1)", 600),
        query("most", "ConcurrentExecutions", "Maximum", 600),
    ]);
    let output = run_at(&store, request(queries, START..START + 600), START).unwrap();
    let values: Vec<_> = (0..5).map(|n| points(&output, n)[0].1).collect();
    assert_eq!(values, [60.0, 0.1, 1.25, 0.0, 3.0]);
}

#[test]
fn periods_without_data_are_absent() {
    let (store, metrics) = metrics();
    metrics.record(invocation(0, Outcome::Success));
    metrics.record(invocation(300_000, Outcome::Success));
    let asked = request(
        json!([query("i", "Invocations", "Sum", 60)]),
        START..START + 600,
    );
    let times: Vec<_> = points(&run_at(&store, asked, START).unwrap(), 0)
        .iter()
        .map(|p| p.0)
        .collect();
    assert_eq!(times, [START + 300, START]);
}

#[test]
fn metrics_that_do_not_exist_have_no_data_and_are_complete() {
    let store = ten_minutes();
    let mut other_unit = query("unit", "Duration", "Sum", 60);
    other_unit["MetricStat"]["Unit"] = json!("Seconds");
    let mut other_namespace = query("space", "Duration", "Sum", 60);
    other_namespace["MetricStat"]["Metric"]["Namespace"] = json!("AWS/SQS");
    let queries = json!([
        query("none", "Nonsense", "Sum", 60),
        other_unit,
        other_namespace
    ]);
    let output = run_at(&store, request(queries, START..START + 600), START).unwrap();
    for n in 0..3 {
        assert_eq!(points(&output, n), []);
        assert_eq!(output["MetricDataResults"][n]["StatusCode"], "Complete");
    }
}

#[test]
fn short_periods_are_there_for_three_hours() {
    let store = ten_minutes();
    let asked = || {
        request(
            json!([query("i", "Invocations", "Sum", 1)]),
            START..START + 600,
        )
    };
    let count = |now_s| points(&run_at(&store, asked(), now_s).unwrap(), 0).len();
    assert_eq!(count(START + SECONDS_KEPT_S), 600);
    assert_eq!(count(START + SECONDS_KEPT_S + 1), 0);
}

#[test]
fn pages_put_together_are_the_whole() {
    let store = ten_minutes();
    let queries = || {
        json!([
            query("a", "Invocations", "Sum", 10),
            query("b", "Errors", "Sum", 10)
        ])
    };
    let asked = || request(queries(), START..START + 600);
    let whole = run_at(&store, asked(), START).unwrap();
    for max in [1, 7, 59, 60, 61, 119, 120, 121] {
        let mut pages = vec![Vec::new(), Vec::new()];
        let mut token = None;
        loop {
            let mut asked = asked();
            asked["MaxDatapoints"] = json!(max);
            asked["NextToken"] = json!(token);
            let page = run_at(&store, asked, START).unwrap();
            let results = page["MetricDataResults"].as_array().unwrap();
            for (n, result) in results.iter().enumerate() {
                let first = result["Id"] == "a";
                pages[usize::from(!first)].extend(points(&page, n));
            }
            match page.get("NextToken") {
                Some(next) => token = Some(next.clone()),
                None => break,
            }
        }
        assert_eq!(
            pages,
            [points(&whole, 0), points(&whole, 1)],
            "{max} points a page"
        );
    }
}

#[test]
fn bad_requests_are_refused_with_a_code_and_the_reason() {
    let good = || query("a", "Errors", "Sum", 60);
    let with = |pointer: &str, value: Json| {
        let mut query = good();
        *query.pointer_mut(pointer).unwrap() = value;
        query
    };
    let mut expression = good();
    expression["Expression"] = json!("a / b");
    let mut hidden = good();
    hidden["ReturnData"] = json!(false);
    let many: Vec<_> = (0..501)
        .map(|n| query(&format!("q{n}"), "Errors", "Sum", 60))
        .collect();
    let range = START..START + 60;
    for (request, code, words) in [
        (
            request(json!([]), range.clone()),
            "MissingParameter",
            "MetricDataQueries",
        ),
        (
            request(json!(many), range.clone()),
            "ValidationError",
            "500",
        ),
        (
            request(json!([good()]), START..START),
            "ValidationError",
            "must not equal",
        ),
        (
            json!({"MetricDataQueries": [good()], "StartTime": START + 1, "EndTime": START}),
            "ValidationError",
            "must be less than",
        ),
        (
            json!({"MetricDataQueries": [good()], "EndTime": 1}),
            "MissingParameter",
            "StartTime",
        ),
        (
            request(json!([with("/Id", json!("Bad"))]), range.clone()),
            "ValidationError",
            "expected pattern",
        ),
        (
            request(json!([with("/Id", Json::Null)]), range.clone()),
            "MissingParameter",
            "member.1.Id",
        ),
        (
            request(json!([good(), good()]), range.clone()),
            "ValidationError",
            "not unique",
        ),
        (
            request(json!([expression]), range.clone()),
            "ValidationError",
            "metric math",
        ),
        (
            request(json!([hidden]), range.clone()),
            "ValidationError",
            "ReturnData",
        ),
        (
            request(json!([with("/MetricStat", Json::Null)]), range.clone()),
            "MissingParameter",
            "MetricStat",
        ),
        (
            request(json!([with("/MetricStat/Period", json!(7))]), range.clone()),
            "ValidationError",
            "Period",
        ),
        (
            request(json!([with("/MetricStat/Period", json!(0))]), range.clone()),
            "ValidationError",
            "Period",
        ),
        (
            request(
                json!([with("/MetricStat/Stat", json!("p101"))]),
                range.clone(),
            ),
            "ValidationError",
            "p101",
        ),
    ] {
        let error = run_at(&metrics().0, request, START).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn bad_options_are_refused() {
    for (name, value, code) in [
        ("ScanBy", json!("Newest"), "InvalidParameterValue"),
        ("MaxDatapoints", json!(0), "InvalidParameterValue"),
        ("MaxDatapoints", json!(100_801), "InvalidParameterValue"),
        ("NextToken", json!("nonsense"), "InvalidNextToken"),
    ] {
        let mut asked = request(json!([query("a", "Errors", "Sum", 60)]), START..START + 60);
        asked[name] = value;
        assert_eq!(run_at(&metrics().0, asked, START).unwrap_err().code(), code);
    }
}

#[test]
fn an_alias_can_be_asked_for_one_of_its_versions() {
    let (store, metrics) = ten_minutes_and_more();
    metrics.record(InvocationRecord {
        executed_version: "2".into(),
        ..invocation(0, Outcome::Crash)
    });
    let of = |version: &str| {
        let mut query = query("e", "Errors", "Sum", 600);
        query["MetricStat"]["Metric"]["Dimensions"] = json!([
            {"Name": "Resource", "Value": "f:live"},
            {"Name": "ExecutedVersion", "Value": version},
            {"Name": "FunctionName", "Value": "f"},
        ]);
        let output = run_at(&store, request(json!([query]), START..START + 600), START).unwrap();
        points(&output, 0)
    };
    assert_eq!(of("1"), [(START, 60.0)]);
    assert_eq!(of("2"), [(START, 1.0)]);
    assert_eq!(of("3"), []);
}

#[test]
fn of_several_units_the_first_by_name_is_taken_and_named() {
    let (store, _) = metrics();
    let put = json!({"Namespace": "shop", "MetricData": [
        {"MetricName": "m", "Value": 60, "Unit": "Seconds", "Timestamp": START},
        {"MetricName": "m", "Value": 60_000, "Unit": "Milliseconds", "Timestamp": START},
    ]});
    put_metric_data::run(&store, &serde_json::from_value(put).unwrap(), START).unwrap();
    let mut any = query("m", "m", "Sum", 60);
    any["MetricStat"]["Metric"] = json!({"Namespace": "shop", "MetricName": "m"});
    let mut seconds = any.clone();
    seconds["Id"] = json!("s");
    seconds["MetricStat"]["Unit"] = json!("Seconds");
    let range = START..START + 60;
    let output = run_at(&store, request(json!([any, seconds]), range), START).unwrap();
    assert_eq!(points(&output, 0), [(START, 60_000.0)]);
    let said = json!([{"Code": "MultipleUnits", "Value": "Multiple units returned: '[Milliseconds, Seconds]'"}]);
    assert_eq!(output["MetricDataResults"][0]["Messages"], said);
    assert_eq!(points(&output, 1), [(START, 60.0)]);
    assert_eq!(output["MetricDataResults"][1].get("Messages"), None);
}
