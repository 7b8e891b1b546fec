//! An alarm that goes off invokes the controller.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use std::time::Duration;

use aws_sdk_cloudwatch::{
    Client,
    types::{ComparisonOperator, StateValue, Statistic},
};
use chrono::Utc;
use common::{FUNCTION, build, eventually};
use sandbox::{services::cloudwatch::clock::Clock, testing::Sandbox};
use serde_json::json;

/// A sandbox with the probe, which alarms invoke, and nothing else while the clock stands still.
async fn sandbox() -> Sandbox {
    let clock = Clock::held_at(Utc::now());
    let sandbox = Sandbox::start_with(|options| options.metrics.clock = clock).await;
    let sandbox = sandbox.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |manifest| {
        manifest["trigger"] = json!({"kind": "controller"});
    });
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    sandbox
}

pub(crate) async fn put(client: &Client, name: &str) {
    client
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("AWS/Lambda")
        .metric_name("Errors")
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("ignore")
        .send()
        .await
        .unwrap();
}

pub(crate) async fn set(client: &Client, name: &str, state: StateValue) {
    let set = client.set_alarm_state().alarm_name(name).state_value(state);
    set.state_reason("a drill").send().await.unwrap();
}

fn invocations(sandbox: &Sandbox) -> usize {
    let logs = sandbox.logs(FUNCTION).unwrap_or_default();
    logs.lines()
        .filter(|line| line.contains("\"platform.report\""))
        .count()
}

#[tokio::test]
async fn only_the_state_alarm_of_an_alarm_of_that_name_invokes_and_only_once() {
    let sandbox = sandbox().await;
    let client = Client::new(&sandbox.sdk_config());
    put(&client, "f-live-candidate").await;
    put(&client, "another").await;
    set(&client, "another", StateValue::Alarm).await;
    set(&client, "f-live-candidate", StateValue::Ok).await;
    set(&client, "f-live-candidate", StateValue::Alarm).await;
    set(&client, "f-live-candidate", StateValue::Alarm).await;
    eventually("it is invoked", async || invocations(&sandbox) > 0).await;
    // A second invocation would have ended by now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(invocations(&sandbox), 1);
}

#[tokio::test]
async fn a_composite_alarm_invokes_too() {
    let sandbox = sandbox().await;
    let client = Client::new(&sandbox.sdk_config());
    put(&client, "another").await;
    let composite = client
        .put_composite_alarm()
        .alarm_name("any-live-candidate");
    let composite = composite.alarm_rule("ALARM(\"another\")");
    composite.send().await.unwrap();
    set(&client, "another", StateValue::Alarm).await;
    eventually("it is invoked", async || invocations(&sandbox) > 0).await;
}
