//! The time invokes the functions whose trigger it is.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::{alarms, common};
use aws_sdk_cloudwatch::types::StateValue;
use chrono::{DateTime, TimeDelta, Utc};
use common::{FUNCTION, build, eventually};
use sandbox::{services::cloudwatch::clock::Clock, testing::Sandbox};
use serde_json::json;

#[tokio::test]
async fn a_function_is_invoked_when_its_time_has_come_and_not_before() {
    let start: DateTime<Utc> = "2026-11-27T18:00:00Z".parse().unwrap();
    let clock = Clock::held_at(start);
    let sandbox = Sandbox::start_with(|options| options.metrics.clock = clock.clone());
    let sandbox = sandbox.await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |manifest| {
        manifest["trigger"] = json!({"kind": "schedule", "rate": "5 minutes"});
    });
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    let logs = || sandbox.logs(FUNCTION).unwrap_or_default();
    assert!(!logs().contains("platform.report"));
    clock.set(start + TimeDelta::minutes(5));
    eventually("it is invoked", async || logs().contains("platform.report")).await;
}

#[tokio::test]
async fn the_controller_is_invoked_each_second_and_by_alarms_on_candidates() {
    let start: DateTime<Utc> = "2026-11-27T18:00:00Z".parse().unwrap();
    let clock = Clock::held_at(start);
    let sandbox = Sandbox::start_with(|options| options.metrics.clock = clock.clone());
    let sandbox = sandbox.await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |manifest| {
        manifest["trigger"] = json!({"kind": "controller"});
    });
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    let ran = || {
        let logs = sandbox.logs(FUNCTION).unwrap_or_default();
        logs.matches("\"platform.report\"").count()
    };
    for second in 1..=2 {
        clock.set(start + TimeDelta::seconds(second));
        eventually("it is invoked", async || ran() == second as usize).await;
    }
    let client = aws_sdk_cloudwatch::Client::new(&sandbox.sdk_config());
    alarms::put(&client, "f-live-candidate").await;
    alarms::set(&client, "f-live-candidate", StateValue::Alarm).await;
    eventually("an alarm invokes it", async || ran() == 3).await;
}
