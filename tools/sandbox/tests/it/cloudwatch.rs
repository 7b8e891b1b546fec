//! Unmodified clients read the metrics, in every protocol that they speak.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use crate::common::{Sandbox, external, host, probe_zip};
use std::{collections::BTreeSet, time::Duration};

use aws_sdk_cloudwatch::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    error::ProvideErrorMetadata as _,
    primitives::DateTime,
    types::{Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode},
};
use axum::{Router, extract::Request};
use chrono::Utc;
use package::Architecture;
use sandbox::{
    execution::record::{InvocationRecord, Outcome, Recorder as _},
    services::cloudwatch::{CloudWatch, Settings, clock::Clock, is_for_cloudwatch},
};
use serde_json::{Value, json};

/// Two minutes of invocations that began on a whole minute some time ago: 60 a minute, with two
/// errors in the first and five in the second; one millisecond in the first, two in the second.
struct Fixture {
    endpoint: String,
    start_s: i64,
}

/// The start of a minute some time ago.
fn start_s() -> i64 {
    let now_s = Utc::now().timestamp();
    now_s - now_s % 60 - 600
}

/// An invocation that took this many milliseconds.
fn invocation(started_s: i64, duration_ms: u64, outcome: Outcome) -> InvocationRecord {
    InvocationRecord {
        function: "f".into(),
        qualifier: Some("live".into()),
        through_alias: true,
        executed_version: "1".into(),
        architecture: Architecture::Arm64,
        started: chrono::DateTime::from_timestamp(started_s, 0).unwrap(),
        duration: Duration::from_millis(duration_ms),
        billed: Duration::from_millis(duration_ms),
        init: None,
        outcome,
        max_memory_mib: 10,
        concurrent: 1,
    }
}

async fn serve() -> Fixture {
    let start_s = start_s();
    let cloudwatch = CloudWatch::new(false, Settings::default());
    for second in 0..120 {
        let minute = second / 60;
        let errors = if minute == 0 { 2 } else { 5 };
        let outcome = if second % 60 < errors {
            Outcome::Error
        } else {
            Outcome::Success
        };
        let record = invocation(start_s + second, 1 + minute as u64, outcome);
        cloudwatch.lambda.record(record);
    }
    serve_this(cloudwatch, start_s).await
}

async fn serve_this(cloudwatch: CloudWatch, start_s: i64) -> Fixture {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(move |request: Request| {
        let cloudwatch = cloudwatch.clone();
        async move {
            assert!(is_for_cloudwatch(&request), "not recognised: {request:?}");
            cloudwatch.respond(request).await
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Fixture { endpoint, start_s }
}

impl Fixture {
    fn client(&self) -> Client {
        let config = aws_sdk_cloudwatch::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("sandbox", "sandbox", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .build();
        Client::from_conf(config)
    }
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn query(id: &str, metric: &str, stat: &str, period_s: i32) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace("AWS/Lambda")
        .metric_name(metric)
        .dimensions(dimension("ExecutedVersion", "1"))
        .dimensions(dimension("FunctionName", "f"))
        .dimensions(dimension("Resource", "f:live"));
    let stat = MetricStat::builder()
        .metric(metric.build())
        .period(period_s)
        .stat(stat);
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(stat.build())
        .build()
}

#[tokio::test]
async fn the_rust_sdk_reads_values_and_times() {
    let fixture = serve().await;
    let start = fixture.start_s;
    let output = fixture
        .client()
        .get_metric_data()
        .metric_data_queries(query("errors", "Errors", "Sum", 60))
        .metric_data_queries(query("p99", "Duration", "p99", 60))
        .start_time(DateTime::from_secs(start))
        .end_time(DateTime::from_secs(start + 120))
        .send()
        .await
        .unwrap();
    let [errors, p99] = output.metric_data_results() else {
        panic!("{output:?}");
    };
    let newest_first = [DateTime::from_secs(start + 60), DateTime::from_secs(start)];
    assert_eq!(
        (errors.id(), errors.label()),
        (Some("errors"), Some("Errors"))
    );
    assert_eq!(errors.timestamps(), newest_first);
    assert_eq!(errors.values(), [5.0, 2.0]);
    assert_eq!(errors.status_code(), Some(&StatusCode::Complete));
    assert_eq!(p99.values(), [2.0, 1.0]);
    assert_eq!(output.next_token(), None);
}

#[tokio::test]
async fn a_time_with_a_fraction_is_understood() {
    let fixture = serve().await;
    let output = fixture
        .client()
        .get_metric_data()
        .metric_data_queries(query("i", "Invocations", "Sum", 1))
        .start_time(DateTime::from_millis(fixture.start_s * 1000 + 500))
        .end_time(DateTime::from_millis(fixture.start_s * 1000 + 1_500))
        .scan_by(ScanBy::TimestampAscending)
        .send()
        .await
        .unwrap();
    let seconds = [fixture.start_s, fixture.start_s + 1].map(DateTime::from_secs);
    assert_eq!(output.metric_data_results()[0].timestamps(), seconds);
}

#[tokio::test]
async fn the_rust_sdk_pages_through_many_points() {
    let fixture = serve().await;
    let pages = fixture
        .client()
        .get_metric_data()
        .metric_data_queries(query("i", "Invocations", "Sum", 1))
        .start_time(DateTime::from_secs(fixture.start_s))
        .end_time(DateTime::from_secs(fixture.start_s + 120))
        .max_datapoints(50)
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    let sizes: Vec<_> = pages
        .iter()
        .map(|page| page.metric_data_results()[0].values().len())
        .collect();
    assert_eq!(sizes, [50, 50, 20]);
    let statuses: Vec<_> = pages
        .iter()
        .map(|page| page.metric_data_results()[0].status_code())
        .collect();
    let (partial, complete) = (Some(&StatusCode::PartialData), Some(&StatusCode::Complete));
    assert_eq!(statuses, [partial, partial, complete]);
}

#[tokio::test]
async fn the_rust_sdk_sees_aws_s_error_codes() {
    let fixture = serve().await;
    let time = DateTime::from_secs(fixture.start_s);
    let ask = fixture.client().get_metric_data().start_time(time);
    let ask = ask.metric_data_queries(query("i", "Invocations", "Sum", 60));
    let error = ask.clone().end_time(time).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"), "{error:?}");
    assert_eq!(
        error.message(),
        Some("The parameter StartTime must not equal parameter EndTime.")
    );
    let later = DateTime::from_secs(fixture.start_s + 60);
    let error = ask
        .end_time(later)
        .next_token("nonsense")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_invalid_next_token());
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_named() {
    let fixture = serve().await;
    let error = fixture.client().list_dashboards().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidAction"), "{error:?}");
    assert!(
        error.message().unwrap().contains("ListDashboards"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_rust_sdk_lists_metrics() {
    let fixture = serve().await;
    let output = fixture
        .client()
        .list_metrics()
        .metric_name("Errors")
        .dimensions(DimensionFilter::builder().name("ExecutedVersion").build())
        .send()
        .await
        .unwrap();
    let [metric] = output.metrics() else {
        panic!("{output:?}");
    };
    let dimensions = [
        dimension("FunctionName", "f"),
        dimension("Resource", "f:live"),
        dimension("ExecutedVersion", "1"),
    ];
    assert_eq!(metric.dimensions(), dimensions);
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_same_in_every_protocol() {
    let fixture = serve().await;
    let start = fixture.start_s as f64;
    let expected = json!({
        "points": {
            "errors": [[start, 2.0], [start + 60.0, 5.0]],
            "p50": [[start, 1.0], [start + 60.0, 2.0]],
        },
        "metrics": ["Duration", "Errors", "Invocations", "Throttles"],
        "refused": ["ValidationError", 400],
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/cloudwatch.py");
    for protocol in ["smithy-rpc-v2-cbor", "json", "query"] {
        let mut python = external::aws_command("python3", &fixture.endpoint);
        python.args([script, protocol, &fixture.start_s.to_string()]);
        let got = external::stdout_of(python);
        let got: Value = serde_json::from_str(&got).unwrap();
        assert_eq!(got, expected, "{protocol}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_makes_alarms_of_both_kinds_and_reads_them_back_in_every_protocol() {
    let fixture = serve().await;
    let expected = json!({
        "alarm": ["a < b & c", 20.5, 1, true, "ALARM"],
        "queries": [
            ["rate", "IF(i >= 10, 100 * e / i, 0)", true],
            ["e", null, false],
            ["i", null, false],
        ],
        "dimensions": true,
        "is_time": true,
        "tags": [{"Key": "a", "Value": "b"}],
        "composite": ["any", "ALARM(f-live-candidate) OR FALSE", "ALARM", true, []],
        "triggered_by": [true],
        "composite_tags": [{"Key": "c", "Value": "d"}],
        "used": "ValidationError",
        "left": [],
        "refused": ["ResourceNotFound", "ResourceNotFoundException"],
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/alarms.py");
    for protocol in ["smithy-rpc-v2-cbor", "json", "query"] {
        let mut python = external::aws_command("python3", &fixture.endpoint);
        python.args([script, protocol]);
        let got: Value = serde_json::from_str(&external::stdout_of(python)).unwrap();
        assert_eq!(got, expected, "{protocol}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_puts_metrics_and_reads_them_back_in_every_protocol() {
    let fixture = serve().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/put_metrics.py");
    let member = "MetricData.member.1";
    let expected = json!({
        "point": {
            "Sum": 53.0,
            "SampleCount": 9.0,
            "Maximum": 10.0,
            "Unit": "Count",
            "ExtendedStatistics": {"p100": 10.0, "tc50": 4.5},
        },
        "average": [53.0 / 9.0],
        "encodings": ["gzip"],
        "large": [null, ["RequestEntityTooLarge", 413, "exceeded 1048576 bytes"]],
        "listed": 301,
        "dimensions": [[{"Name": "Version", "Value": "7"}, {"Name": "Function", "Value": "f"}]],
        "refused": [
            ["InvalidParameterCombination", format!(
                "The parameters {member}.Value and {member}.Values are mutually exclusive and you have specified both."
            )],
            ["InvalidParameterValue", format!(
                "The parameters {member}.Values and {member}.Counts must be of the same size."
            )],
        ],
    });
    for protocol in ["smithy-rpc-v2-cbor", "json", "query"] {
        let mut python = external::aws_command("python3", &fixture.endpoint);
        python.args([script, protocol]);
        let got: Value = serde_json::from_str(&external::stdout_of(python)).unwrap();
        assert_eq!(got, expected, "{protocol}");
    }
}

#[tokio::test]
async fn realistic_metrics_come_after_their_minute_and_a_delay_and_by_the_minute() {
    let start_s = start_s();
    let at = |after_s| chrono::DateTime::from_timestamp(start_s + after_s, 0).unwrap();
    let clock = Clock::held_at(at(50));
    let settings = Settings {
        clock: clock.clone(),
        ..Settings::default()
    };
    let cloudwatch = CloudWatch::new(true, settings);
    let lambda = cloudwatch.lambda.clone();
    // Both began in the first minute; the second one ends, and is sent, in the second minute.
    lambda.record(invocation(start_s + 40, 10_000, Outcome::Success));
    clock.set(at(70));
    lambda.record(invocation(start_s + 41, 29_000, Outcome::Success));
    let client = serve_this(cloudwatch, start_s).await.client();
    let points = async |after_s, period_s| {
        clock.set(at(after_s));
        let ask = client
            .get_metric_data()
            .metric_data_queries(query("i", "Invocations", "Sum", period_s))
            .start_time(DateTime::from_secs(start_s))
            .end_time(DateTime::from_secs(start_s + 120));
        let output = ask.send().await.unwrap();
        let result = &output.metric_data_results()[0];
        let times = result.timestamps().iter().map(|time| time.secs() - start_s);
        times
            .zip(result.values().iter().copied())
            .collect::<Vec<_>>()
    };
    assert_eq!(points(119, 60).await, []);
    assert_eq!(points(120, 60).await, [(0, 1.0)]);
    assert_eq!(points(180, 60).await, [(0, 2.0)]);
    // What is kept by the minute is all at its beginning.
    assert_eq!(points(180, 10).await, [(0, 2.0)]);
}

/// A line of metrics, as a function prints it.
fn printed_line() -> String {
    let line = json!({
        "_aws": {"Timestamp": Utc::now().timestamp_millis(), "CloudWatchMetrics": [{
            "Namespace": "shop",
            "Dimensions": [["Function", "Version"]],
            "Metrics": [{"Name": "Requests", "Unit": "Count"}, {"Name": "Time", "Unit": "Milliseconds"}],
        }]},
        "Function": "probe",
        "Version": "1",
        "Requests": 3,
        "Time": [1.5, 2.5],
    });
    line.to_string()
}

#[tokio::test]
async fn what_a_function_prints_is_a_metric_when_it_has_answered() {
    let sandbox = Sandbox::with_probe().await;
    for _ in 0..2 {
        sandbox
            .answer(json!({"do": "print", "text": "no metrics"}))
            .await;
        sandbox
            .answer(json!({"do": "print", "text": printed_line()}))
            .await;
    }
    let now_s = Utc::now().timestamp();
    let of = |name: &str, stat: &str| {
        let metric = Metric::builder()
            .namespace("shop")
            .metric_name(name)
            .dimensions(dimension("Version", "1"))
            .dimensions(dimension("Function", "probe"));
        let stat = MetricStat::builder()
            .metric(metric.build())
            .period(3600)
            .stat(stat);
        let query = MetricDataQuery::builder().id(name.to_lowercase());
        query.metric_stat(stat.build()).build()
    };
    let client = Client::new(&sandbox.sdk_config());
    let ask = client
        .get_metric_data()
        .metric_data_queries(of("Requests", "Sum"))
        .metric_data_queries(of("Time", "SampleCount"))
        .start_time(DateTime::from_secs(now_s - 3600))
        .end_time(DateTime::from_secs(now_s + 1));
    let output = ask.send().await.unwrap();
    let sums = output.metric_data_results().iter();
    let sums: Vec<f64> = sums.map(|result| result.values().iter().sum()).collect();
    assert_eq!(sums, [6.0, 4.0]);
}

#[tokio::test]
async fn sparse_metrics_have_no_errors_until_there_is_one() {
    let sandbox = Sandbox::start_with(|options| options.metrics.sparse = true).await;
    sandbox.create(host(), probe_zip()).await;
    let client = Client::new(&sandbox.sdk_config());
    let names = async || {
        let listed = client.list_metrics().send().await.unwrap();
        let names = listed
            .metrics()
            .iter()
            .filter_map(|metric| metric.metric_name());
        names.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let counted = ["ConcurrentExecutions", "Duration", "Invocations"];
    sandbox.answer(json!({"do": "echo"})).await;
    assert_eq!(names().await, counted.map(str::to_owned).into());
    sandbox.error(json!({"do": "error"})).await;
    let with_errors = ["ConcurrentExecutions", "Duration", "Errors", "Invocations"];
    assert_eq!(names().await, with_errors.map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_reads_metrics() {
    let fixture = serve().await;
    let queries = json!([{
        "Id": "errors",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }]);
    let mut aws = external::aws_command("aws", &fixture.endpoint);
    aws.args([
        "cloudwatch",
        "get-metric-data",
        "--output",
        "json",
        "--metric-data-queries",
    ])
    .arg(queries.to_string())
    .args(["--start-time", &fixture.start_s.to_string()])
    .args(["--end-time", &(fixture.start_s + 120).to_string()]);
    let got: Value = serde_json::from_str(&external::stdout_of(aws)).unwrap();
    let result = &got["MetricDataResults"][0];
    assert_eq!(result["Values"], json!([5.0, 2.0]));
    // Version 1 of the CLI shows a time as it came over the wire, version 2 as ISO 8601.
    let first = match &result["Timestamps"][0] {
        Value::String(text) => chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp(),
        number => number.as_i64().unwrap(),
    };
    assert_eq!(first, fixture.start_s + 60);
}
