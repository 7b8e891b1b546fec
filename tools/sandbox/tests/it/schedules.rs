//! A schedule invokes the functions whose trigger it is.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
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
