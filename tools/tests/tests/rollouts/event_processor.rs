//! For Lambda a batch with failed records is a success.

use crate::common::Stage;

const FUNCTION: &str = "event-processor";

/// No step is over before something is found.
/// Without the alarm on the candidate, which would be first: what is looked at is the analysis.
const LONG: [&str; 5] = ["--steps", "50,100", "--bake", "90s", "--no-guard"];

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_every_record_is_rolled_back() {
    let stage = Stage::set(FUNCTION).await;
    stage.deny("*", 100, stage.candidate());
    let _traffic = stage.traffic(20.0).await;
    let ended = stage.rollout("run", &LONG).await;
    // By the circuit breaker, or as worse where that takes fewer periods.
    let found = ["failed records", " 100.0% ", "0.0% (0 of "];
    ended.expect(1, &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_one_record_in_twenty_is_rolled_back_with_the_numbers() {
    let stage = Stage::set(FUNCTION).await;
    // Each record is settled by one of these.
    stage.deny("UpdateItem", 5, stage.candidate());
    let _traffic = stage.traffic(60.0).await;
    let ended = stage.rollout("run", &LONG).await;
    ended.expect(1, &["% failed records (", "worse in failed records"]);
}

/// Each replay has more failed records than good ones, and three are more than the alarm's 20.
#[tokio::test(flavor = "multi_thread")]
async fn sample_events_that_must_fail_are_no_failures_of_the_candidate() {
    let stage = Stage::set(FUNCTION).await;
    for _ in 0..3 {
        stage.run("replay", &[]).await.expect(0, &["as expected"]);
    }
    let _traffic = stage.traffic(20.0).await;
    let short = ["--steps", "50,100", "--bake", "10s", "--bake-after", "3s"];
    let ended = stage.rollout("run", &short).await;
    ended.expect(0, &["promoted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_only_the_queue_counts_messages_the_rollout_pauses_and_goes_back() {
    let stage = Stage::set(FUNCTION).await;
    let late = "cloudwatch:AWS/Lambda:latency=10m";
    stage.sandbox.service_fault(late).unwrap();
    let _traffic = stage.traffic(5.0).await;
    let ended = stage.rollout("run", &LONG).await;
    let said = [
        "paused: calls that the metrics do not show",
        "there were calls that the metrics of both versions do not show",
    ];
    ended.expect(1, &said);
}
