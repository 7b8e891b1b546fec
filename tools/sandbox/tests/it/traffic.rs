//! `sandbox traffic`, run as a user runs it.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use crate::common::program;
use std::process::Stdio;

use ::sandbox::execution::emulation::HOST;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use predicates::{prelude::*, str::contains};
use program::{Fixture, sandbox};
use serde_json::{Value, json};

#[test]
fn traffic_counts_per_version_and_the_metrics_agree() {
    let fixture = Fixture::new().with_live();
    let traffic = ["traffic", "echo", "--rate", "50", "--duration", "2s"];
    let said = fixture.run(&traffic).success().get_output().stdout.clone();
    let said = String::from_utf8(said).unwrap();
    let sent: u64 = said
        .strip_prefix("echo:live: ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=101).contains(&sent), "{said}");
    assert!(
        said.contains(&format!("version 1: {sent} (0 errors)")),
        "{said}"
    );
    assert!(said.contains("p50 ") && said.contains("p99 "), "{said}");
    assert_eq!(invocations(&fixture), sent as f64);
}

/// The sum of `Invocations` of version 1 under `live` since yesterday.
fn invocations(fixture: &Fixture) -> f64 {
    let queries = json!([{
        "Id": "i",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Invocations",
                "Dimensions": [
                    {"Name": "FunctionName", "Value": "echo"},
                    {"Name": "Resource", "Value": "echo:live"},
                    {"Name": "ExecutedVersion", "Value": "1"},
                ],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }]);
    let now = chrono::Utc::now().timestamp();
    let (start, end) = ((now - 3600).to_string(), (now + 60).to_string());
    let queries = queries.to_string();
    let answer = fixture.aws(&[
        "cloudwatch",
        "get-metric-data",
        "--metric-data-queries",
        &queries,
        "--start-time",
        &start,
        "--end-time",
        &end,
    ]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let values = answer["MetricDataResults"][0]["Values"].as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).sum()
}

#[test]
fn traffic_without_a_single_success_fails() {
    let fixture = Fixture::new().with_live();
    std::fs::write(
        fixture.path().join("dist/echo/events/hello.json"),
        r#"{"fail":true}"#,
    )
    .unwrap();
    let traffic = ["traffic", "echo", "--rate", "20", "--duration", "500ms"];
    fixture
        .run(&traffic)
        .code(1)
        .stdout(contains(" errors) · p50 "));
}

#[test]
fn traffic_that_is_interrupted_still_gives_its_totals() {
    let fixture = Fixture::new().with_live();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let before = invocations(&fixture);
        let traffic = sandbox(fixture.path())
            .args(["traffic", "echo", "--rate", "50"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while invocations(&fixture) == before {}
        kill(Pid::from_raw(traffic.id().try_into().unwrap()), signal).unwrap();
        let output = traffic.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{signal}: {}", output.status);
        assert!(
            said.starts_with("echo:live: ") && said.contains(" sent · version 1: "),
            "{signal}: {said}"
        );
    }
}

#[test]
fn traffic_that_cannot_keep_up_says_so() {
    let fixture = Fixture::new().with_live();
    let slow = format!("{HOST}:latency=300ms");
    fixture.run(&["fault", "echo", &slow]).success();
    let traffic = [
        "traffic",
        "echo",
        "--rate",
        "50",
        "--concurrency",
        "1",
        "--duration",
        "1s",
    ];
    let said = contains("could not keep up").and(contains("--concurrency"));
    fixture.run(&traffic).success().stderr(said);
}

#[test]
fn traffic_to_nowhere_is_refused_at_once() {
    let fixture = Fixture::new();
    fixture
        .run(&["traffic", "echo"])
        .code(2)
        .stderr(contains("there is no echo:live"));
    let nothing = ["traffic", "echo", "--events", "absent"];
    fixture
        .run(&nothing)
        .code(2)
        .stderr(contains("(*.json) in absent"));
    fixture
        .run(&["traffic", "echo", "--rate", "0"])
        .code(2)
        .stderr(contains("0.01 to 100000"));
}

/// Puts one scenario into `dist/echo/traffic/`, and the function behind HTTP.
fn with_scenario(fixture: &Fixture, steps: &Value) {
    let folder = fixture.path().join("dist/echo");
    std::fs::create_dir_all(folder.join("traffic")).unwrap();
    std::fs::write(folder.join("traffic/one.json"), steps.to_string()).unwrap();
    fixture.change_manifest(|manifest| {
        manifest["trigger"] = json!({"kind": "http"});
        manifest["queues"] = json!([{
            "name": "echoes", "queue_name": "echoes.fifo", "dead_letter_queue_name": "echoes-dead-letter.fifo",
            "variable": "ECHOES_QUEUE_URL", "actions": ["SendMessage"], "fifo": true, "visibility_timeout_s": 30, "max_receive_count": 2,
        }]);
    });
    fixture.run(&["apply", "echo"]).success();
}

fn traffic(fixture: &Fixture) -> assert_cmd::assert::Assert {
    fixture.run(&["traffic", "echo", "--rate", "10", "--duration", "1s"])
}

#[test]
fn the_steps_of_a_scenario_run_in_order_and_pass_on_what_they_save() {
    let fixture = Fixture::new().with_live();
    // The function answers with its event, so every step sees what it has sent.
    with_scenario(
        &fixture,
        &json!([
            {"http": {"method": "POST", "path": "/first?id=${uuid:id}", "body": {"at": "${now}"}}, "expect": [200], "save": {"query": "/rawQueryString"}},
            {"http": {"method": "GET", "path": "/second?${saved:query}&again=${uuid:id}"}, "expect": [200], "save": {"path": "/rawPath"}},
            {"aws": {"service": "sqs", "operation": "SendMessage", "input": {
                "QueueUrl": "${queue_url:echoes}", "MessageBody": "${saved:path} ${saved:query}",
                "MessageGroupId": "g", "MessageDeduplicationId": "${uuid:id}",
            }}},
            {"invoke": {"hello": "${saved:path}"}, "save": {"hello": "/hello"}},
            {"http": {"method": "GET", "path": "/${saved:hello}"}, "expect": [200]},
        ]),
    );
    let said = traffic(&fixture)
        .success()
        .stderr("")
        .get_output()
        .stdout
        .clone();
    let said = String::from_utf8(said).unwrap();
    let sent: u64 = said["echo:live: ".len()..]
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let expected = format!(
        "{sent} sent · version 1: {sent} (0 errors) · 2xx: {} · {sent} AWS calls · p50",
        3 * sent
    );
    assert!(said.contains(&expected), "{said}");
    let url = fixture.aws(&["sqs", "get-queue-url", "--queue-name", "echoes.fifo"]);
    let url: Value = serde_json::from_str(&url).unwrap();
    let url = url["QueueUrl"].as_str().unwrap();
    let message = fixture.aws(&["sqs", "receive-message", "--queue-url", url]);
    assert!(message.contains("/second id=0"), "{message}");
}

#[test]
fn a_step_that_is_not_as_expected_fails_its_scenario_and_is_quoted() {
    let fixture = Fixture::new().with_live();
    with_scenario(
        &fixture,
        &json!([
            {"http": {"method": "GET", "path": "/ok"}},
            {"http": {"method": "GET", "path": "/teapot"}, "expect": [418]},
            {"http": {"method": "GET", "path": "/never"}},
        ]),
    );
    let said = contains("step 2: GET /teapot answered 200: {").and(contains("calls failed"));
    let out =
        contains("failed").and(contains("2xx: 20 · 10 failed").or(contains("2xx: 22 · 11 failed")));
    traffic(&fixture).success().stderr(said).stdout(out);
}

#[test]
fn a_scenario_that_cannot_run_is_refused_before_anything_is_sent() {
    let fixture = Fixture::new().with_live();
    for (step, part) in [
        (
            json!({"http": {"method": "GET", "path": "/${saved:id}"}}),
            "step 1: no earlier step has saved id",
        ),
        (
            json!({"aws": {"service": "sqs", "operation": "SendMessage", "input": "${queue_url:absent}"}}),
            "there is no queue absent",
        ),
    ] {
        with_scenario(&fixture, &json!([step]));
        traffic(&fixture).code(2).stderr(contains(part));
    }
}

#[test]
fn http_steps_need_the_functions_port() {
    let fixture = Fixture::new().with_live();
    let folder = fixture.path().join("scenarios");
    std::fs::create_dir_all(&folder).unwrap();
    let step = json!([{"http": {"method": "GET", "path": "/"}}]);
    std::fs::write(folder.join("one.json"), step.to_string()).unwrap();
    let said = contains("nothing invokes echo over HTTP");
    let scenarios = ["traffic", "echo", "--scenarios", "scenarios"];
    fixture.run(&scenarios).code(2).stderr(said);
}
