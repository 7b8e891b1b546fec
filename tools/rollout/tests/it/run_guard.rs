//! `rollout run` and the alarm on its candidate.

use crate::common::run as stage;
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use nix::sys::signal::Signal;
use serde_json::Value;
use stage::{Candidate, FUNCTION, Stage, said};

/// The state of the alarm, as `rollout status` says it.
async fn alarm(stage: &Stage) -> Value {
    stage.ask(&["status"]).await["alarm"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_the_alarm_armed_and_the_next_one_disarms_it_at_its_end() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--bake", "60s"]);
    stage.reaches(20.0).await;
    run.signal(Signal::SIGKILL);
    let (_, text) = said(&run.output().await);
    assert!(
        text.contains("alarm flaky-live-candidate is armed: more than 20%"),
        "{text}"
    );
    assert_eq!(alarm(&stage).await["name"], "flaky-live-candidate");

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(alarm(&stage).await, Value::Null);
}

/// A run is killed when its alarm is armed and the candidate has a weight.
async fn killed_at_the_first_step() -> Stage {
    let stage = Stage::set(Candidate::Good).await;
    let run = stage.run(&["--bake", "60s"]);
    stage.reaches(20.0).await;
    run.signal(Signal::SIGKILL);
    run.output().await;
    assert_eq!(alarm(&stage).await["name"], "flaky-live-candidate");
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_finds_nothing_to_move_disarms_the_alarm_of_one_that_was_killed_after_its_last_step()
 {
    let stage = killed_at_the_first_step().await;
    let promote = stage.lambda.update_alias().function_name(FUNCTION);
    let nothing = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(Default::default()));
    let promote = promote.name("live").function_version("2");
    let promoted = promote.routing_config(nothing.build()).send().await;
    promoted.expect("is promoted");

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("nothing to move"), "{text}");
    assert_eq!(alarm(&stage).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn promoting_and_rolling_back_by_hand_disarm_the_alarm() {
    for (command, serves) in [
        (&["promote", FUNCTION, "--full"][..], "2"),
        (&["rollback", FUNCTION, "--to", "1"], "1"),
    ] {
        let stage = killed_at_the_first_step().await;
        stage.order(command).await;
        assert_eq!(stage.serves_alone().await.as_deref(), Some(serves));
        assert_eq!(alarm(&stage).await, Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_guard_gets_none() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--no-guard", "--bake", "60s"]);
    stage.reaches(20.0).await;
    assert_eq!(alarm(&stage).await, Value::Null);
    run.signal(Signal::SIGTERM);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_candidate_has_failed_before_the_rollout_does_not_set_off_its_alarm() {
    let stage = Stage::set(Candidate::Errors).await;
    stage.guard_at(1.0);
    stage.set_by_hand(0.9).await;
    for _ in 0..80 {
        let invoke = stage.lambda.invoke().function_name(FUNCTION);
        invoke.qualifier("live").send().await.expect("is invoked");
    }
    stage.set_by_hand(0.0).await;
    // Nobody calls it now.
    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("promoted"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_got_its_weight_by_hand_has_its_alarm_too() {
    let stage = Stage::set(Candidate::Good).await;
    stage.set_by_hand(0.2).await;
    let run = stage.run(&["--bake", "60s"]);
    stage::eventually(async || {
        let state = alarm(&stage).await;
        (state["name"] == "flaky-live-candidate").then_some(())
    })
    .await;
    run.signal(Signal::SIGTERM);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
}
