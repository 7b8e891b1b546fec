//! The real release binaries of both builds, from `dist/hasher`, through the Runtime API.

#![cfg(hasher)]
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::time::SystemTime;

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricStat},
};
use package::Architecture;
use sandbox::testing::{Invocation, Sandbox};
use serde_json::{Value, json};
use tests::events;

const FUNCTION: &str = "hasher";

/// Fields of an answer that say how and where, and not what.
const VOLATILE: [&str; 8] = [
    "architecture",
    "cpu_baseline",
    "cpu_features",
    "cpu_model",
    "emulated",
    "graviton",
    "milliseconds",
    "mib_per_second",
];

async fn both_builds() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(FUNCTION).await.unwrap();
    sandbox
}

async fn ask(sandbox: &Sandbox, architecture: Architecture, event: &Value) -> Invocation {
    let invocation = sandbox.invoke(FUNCTION, architecture.as_str(), event).await;
    invocation.unwrap()
}

async fn answer(sandbox: &Sandbox, architecture: Architecture, event: &Value) -> Value {
    let invocation = ask(sandbox, architecture, event).await;
    assert!(invocation.is_success(), "{event}: {invocation:?}");
    invocation.payload
}

/// The lines of the log that are JSON, which are the function's own.
fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let logs = sandbox.logs(FUNCTION).unwrap();
    let lines = logs.lines().filter(|line| line.starts_with('{'));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    // Lambda's own records have a type.
    lines.filter(|line| line["type"].is_null()).collect()
}

#[tokio::test]
async fn both_builds_give_the_known_root_and_say_what_they_are() {
    let sandbox = both_builds().await;
    for (architecture, baseline) in [
        (Architecture::Arm64, "neoverse-n1"),
        (Architecture::X86_64, "haswell"),
    ] {
        // SHA-256(0x00 || "abc"): one leaf.
        let answer = answer(&sandbox, architecture, &json!({"data_base64": "YWJj"})).await;
        let root = "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1";
        assert_eq!(answer["root"], root, "{answer}");
        assert_eq!(answer["leaves"], 1);
        assert_eq!(answer["architecture"], architecture.as_str());
        assert_eq!(answer["cpu_baseline"], baseline);
        let foreign = architecture.as_str() != sandbox::execution::emulation::HOST.as_str();
        assert_eq!(answer["emulated"], foreign, "{answer}");
    }
}

#[tokio::test]
async fn both_builds_answer_the_sample_events_as_expected_and_alike_to_more() {
    let sandbox = both_builds().await;
    sandbox.replay(FUNCTION).await.unwrap();
    for event in [
        json!({"size_mib": 3, "seed": 8, "leaf_kib": 1024}),
        json!({"size_mib": 2, "seed": 9, "leaf_kib": 3}),
        json!({"size_mib": 1, "seed": u64::MAX, "leaf_kib": 65536}),
        json!({"size_mib": 3, "working_set_mib": 2, "seed": 8, "leaf_kib": 1000}),
        json!({"data_base64": ""}),
    ] {
        let mut answers = Vec::new();
        for architecture in Architecture::ALL {
            let mut answer = answer(&sandbox, architecture, &event).await;
            let fields = answer.as_object_mut().unwrap();
            for field in VOLATILE {
                assert!(fields.remove(field).is_some(), "no {field}: {event}");
            }
            answers.push(answer);
        }
        assert_eq!(answers[0], answers[1], "{event}");
    }
}

#[tokio::test]
async fn every_malformed_event_of_the_corpus_is_the_same_typed_error_of_both_builds() {
    let sandbox = both_builds().await;
    for (name, event) in events(FUNCTION, "tests/corpus") {
        let mut errors = Vec::new();
        for architecture in Architecture::ALL {
            let invocation = ask(&sandbox, architecture, &event).await;
            assert_eq!(
                invocation.function_error.as_deref(),
                Some("Unhandled"),
                "{name}"
            );
            assert_eq!(invocation.payload["errorType"], "InvalidEvent", "{name}");
            errors.push(invocation.payload);
        }
        assert_eq!(errors[0], errors[1], "{name}");
    }
    // Errors of the function, and not of its process: one environment per build did it all.
    assert_eq!(sandbox.processes(), 2);
    let failed = lines(&sandbox)
        .iter()
        .filter(|line| line["level"] == "ERROR")
        .map(|line| assert!(line["requestId"].is_string(), "{line}"))
        .count();
    assert_eq!(failed, 2 * events(FUNCTION, "tests/corpus").len());
}

#[tokio::test]
async fn json_nested_too_deep_is_an_error_and_the_environment_lives_on() {
    let sandbox = both_builds().await;
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000)).into_bytes();
    for architecture in Architecture::ALL {
        let invocation = sandbox
            .invoke_raw(FUNCTION, architecture.as_str(), deep.clone())
            .await;
        assert!(!invocation.unwrap().is_success());
        answer(&sandbox, architecture, &json!({"data_base64": ""})).await;
    }
    assert_eq!(sandbox.processes(), 2);
}

#[tokio::test]
async fn the_largest_event_that_lambda_takes_is_hashed() {
    let sandbox = both_builds().await;
    // 6 MiB of base64, less the field's name.
    let data = "AAAA".repeat((6 * 1024 * 1024 - 64) / 4);
    let answer = answer(&sandbox, native(), &json!({ "data_base64": data })).await;
    assert_eq!(answer["bytes"], data.len() / 4 * 3);
}

#[tokio::test]
async fn a_line_of_the_log_says_all_that_tells_invocations_apart() {
    let sandbox = both_builds().await;
    let architecture = native();
    for _ in 0..2 {
        answer(&sandbox, architecture, &json!({"data_base64": "YWJj"})).await;
    }
    let lines = lines(&sandbox);
    let (metrics, logs): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line["_aws"].is_object());
    assert_eq!((metrics.len(), logs.len()), (2, 2), "{lines:?}");
    for (index, (log, metric)) in logs.iter().zip(&metrics).enumerate() {
        assert_eq!(log["level"], "INFO");
        assert_eq!(log["message"], "hashed");
        assert_eq!(log["functionName"], FUNCTION);
        assert_eq!(log["architecture"], architecture.as_str());
        assert_eq!(log["coldStart"], index == 0);
        assert!(log["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(
            log["xrayTraceId"].as_str().unwrap().starts_with("1-"),
            "{log}"
        );
        assert_eq!(log["requestId"], metric["requestId"]);
        assert_eq!(log["functionVersion"], metric["Version"]);
        assert_eq!(metric["Function"], FUNCTION);
        assert_eq!(metric["architecture"], architecture.as_str());
        let (own, other) = match index {
            0 => ("InitDuration", "WarmDuration"),
            _ => ("WarmDuration", "InitDuration"),
        };
        assert!(metric[own].as_f64().unwrap() > 0.0, "{metric}");
        assert!(metric[other].is_null(), "{metric}");
    }
    assert_ne!(logs[0]["requestId"], logs[1]["requestId"]);
}

#[tokio::test]
async fn the_metrics_that_it_writes_are_read_by_namespace_and_dimensions() {
    let sandbox = both_builds().await;
    let architecture = native();
    for event in [
        json!({"data_base64": "YWJj"}),
        json!({"data_base64": ""}),
        json!([]),
    ] {
        ask(&sandbox, architecture, &event).await;
    }
    let client = Client::new(&sandbox.sdk_config());
    let manifest = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../dist/hasher/function.json"
    );
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    // Named after the project.
    let namespace = manifest["environment"]["METRICS_NAMESPACE"]
        .as_str()
        .unwrap();
    let version = lines(&sandbox)[0]["functionVersion"].clone();
    let count_of = async |name: &str| {
        let dimension =
            |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let metric = Metric::builder()
            .namespace(namespace)
            .metric_name(name)
            .dimensions(dimension("Function", FUNCTION))
            .dimensions(dimension("Version", version.as_str().unwrap()));
        let stat = MetricStat::builder().metric(metric.build()).period(3600);
        let query = MetricDataQuery::builder()
            .id("m")
            .metric_stat(stat.stat("SampleCount").build());
        let now = DateTime::from(SystemTime::now()).secs();
        let ask = client
            .get_metric_data()
            .metric_data_queries(query.build())
            .start_time(DateTime::from_secs(now - 3600))
            .end_time(DateTime::from_secs(now + 1));
        let output = ask.send().await.unwrap();
        output.metric_data_results()[0].values().iter().sum::<f64>()
    };
    assert_eq!(count_of("InitDuration").await, 1.0);
    assert_eq!(count_of("WarmDuration").await, 2.0);
}

/// A GiB in leaves of 1 KiB: their hashes alone would be 32 MiB.
#[tokio::test]
async fn memory_stays_flat_while_the_input_and_the_number_of_its_leaves_grow() {
    let sandbox = both_builds().await;
    answer(&sandbox, native(), &json!({"size_mib": 1, "leaf_kib": 1})).await;
    let small = max_memory_used_mib(&sandbox);
    let large = json!({"size_mib": 1024, "leaf_kib": 1});
    let leaves = answer(&sandbox, native(), &large).await["leaves"].clone();
    assert_eq!(leaves, 1024 * 1024);
    let large = max_memory_used_mib(&sandbox);
    assert!(
        large <= small + 4,
        "{small} MiB for 1 MiB of input, {large} MiB for 1024 MiB"
    );
}

/// What the newest report says of the peak memory of the environment.
fn max_memory_used_mib(sandbox: &Sandbox) -> u64 {
    let logs = sandbox.logs(FUNCTION).unwrap();
    let (_, rest) = logs.rsplit_once("\"maxMemoryUsedMB\":").unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

/// The build that runs here without an emulator.
fn native() -> Architecture {
    let host = sandbox::execution::emulation::HOST.as_str();
    let mut architectures = Architecture::ALL.into_iter();
    architectures
        .find(|architecture| architecture.as_str() == host)
        .unwrap()
}
