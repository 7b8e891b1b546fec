//! SIGKILL at the calls of a run, and what the next run makes of it; at every other moment in
//! src/delivery/rollout/tests.rs.

use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use super::{
    Candidate, Proxy, Stage, is_sound,
    proxy::{Fault, Operation},
    set,
    stage::{said, weight},
};

#[derive(Debug, Clone, Copy)]
enum Moment {
    /// The request has been sent and not been carried out.
    Before,
    /// It has been carried out, and its answer has not come.
    After,
}
use Moment::{After, Before};

impl Moment {
    /// The fault that holds a call there, and what tells that it has come.
    fn hold(self) -> (Fault, mpsc::UnboundedReceiver<()>) {
        let (reached, is_reached) = mpsc::unbounded_channel();
        let hold = match self {
            Before => Fault::HoldBefore(reached),
            After => Fault::HoldAfter(reached),
        };
        (hold, is_reached)
    }
}

/// Starts a run, and kills it at its next call of this kind.
async fn killed_at(stage: &Stage, proxy: &Proxy, operation: Operation, moment: Moment) -> String {
    killed_at_nth(stage, proxy, operation, 1, moment, "2s").await
}

/// Starts a run, and kills it at its first, second, ... call of this kind.
async fn killed_at_nth(
    stage: &Stage,
    proxy: &Proxy,
    operation: Operation,
    nth: usize,
    moment: Moment,
    bake: &str,
) -> String {
    let mut faults = vec![None; nth - 1];
    let (hold, mut is_reached) = moment.hold();
    faults.push(Some(hold));
    proxy.script(operation, faults);
    // Also of a candidate that was rolled back.
    let run = stage.run_through(&proxy.endpoint, &["retry", "--bake", bake]);
    is_reached.recv().await.expect("gets there");
    run.signal(Signal::SIGKILL);
    run.output().await;
    proxy.heal();
    is_sound(stage, &[]).await;
    let live = stage.live().await;
    live.description().unwrap_or_default().to_owned()
}

/// The name of the alarm on the candidate, if it is armed.
async fn alarm(stage: &Stage) -> Option<String> {
    let status = stage.ask(&["status"]).await;
    status["alarm"]["name"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_at_its_calls_resumes_the_same_rollout() {
    let (stage, proxy) = set(Candidate::Good).await;
    let mut records = Vec::new();
    for (operation, moment) in [
        (Operation::DeleteAlarms, After),
        (Operation::PutMetricAlarm, Before),
        (Operation::PutMetricAlarm, After),
        (Operation::UpdateAlias, Before),
        (Operation::UpdateAlias, After),
        (Operation::GetMetricData, After),
        (Operation::UpdateAlias, After),
        (Operation::UpdateAlias, After),
    ] {
        records.push(killed_at(&stage, &proxy, operation, moment).await);
    }
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    // No kill has made a rollout anew: every record is the one before, perhaps with a change behind it.
    let began = &records[4..];
    assert!(began[0].starts_with("rollout 1->2 since "), "{records:?}");
    assert!(
        began.windows(2).all(|pair| pair[1].starts_with(&pair[0])),
        "{records:?}"
    );
    assert!(records[7].contains(" 20%@0s 50%@") && records[7].contains(" 100%@"));

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("nothing to move"), "{text}");
    assert_eq!(alarm(&stage).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_while_it_disarms_has_promoted_and_the_next_one_disarms() {
    tokio::join!(
        killed_while_it_disarms(Before),
        killed_while_it_disarms(After)
    );
}

async fn killed_while_it_disarms(moment: Moment) {
    let (stage, proxy) = set(Candidate::Good).await;
    // The first deletes what an earlier run may have left.
    killed_at_nth(&stage, &proxy, Operation::DeleteAlarms, 2, moment, "2s").await;
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    assert_eq!(alarm(&stage).await.is_some(), matches!(moment, Before));

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    is_sound(&stage, &[]).await;
    assert_eq!(alarm(&stage).await, None, "{moment:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_before_it_rolls_back_is_followed_by_one_that_does() {
    let (stage, proxy) = set(Candidate::Errors).await;
    killed_at(&stage, &proxy, Operation::UpdateAlias, After).await;
    killed_at_nth(&stage, &proxy, Operation::UpdateAlias, 1, Before, "60s").await;
    stage.reaches(20.0).await;

    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("resuming at 20%"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    assert_eq!(alarm(&stage).await, None);
}

/// Whoever runs again wants the candidate: it is tried anew, and rolled back again.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_after_it_has_rolled_back_leaves_the_baseline_alone() {
    let (stage, proxy) = set(Candidate::Errors).await;
    for (operation, nth, moment, armed) in [
        (Operation::UpdateAlias, 2, After, true),
        (Operation::DeleteAlarms, 2, Before, true),
        (Operation::DeleteAlarms, 2, After, false),
    ] {
        let record = killed_at_nth(&stage, &proxy, operation, nth, moment, "60s").await;
        assert_eq!(stage.serves_alone().await.as_deref(), Some("1"), "{record}");
        assert!(record.contains(" 20%@0s 0%@"), "{record}");
        assert_eq!(alarm(&stage).await.is_some(), armed, "{moment:?}");
    }

    let again = ["retry", "--bake", "60s"];
    let (code, text) = said(&stage.run(&again).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    assert_eq!(alarm(&stage).await, None);
}

/// Weight and watcher never part: whoever has a weight of `live` is what the function's tags say.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_killed_or_beaten_while_it_supersedes_leaves_no_weight_that_nobody_watches()
{
    let (stage, proxy) = set(Candidate::Good).await;
    let third = stage.newer().await;
    for (operation, moment) in [
        (Operation::UpdateAlias, Before),
        (Operation::UpdateAlias, After),
        (Operation::TagResource, Before),
        (Operation::TagResource, After),
    ] {
        superseding(&stage, &proxy, &third, operation, moment).await;
    }
}

async fn begin_second(stage: &Stage) {
    let run = stage.run(&["retry", "--bake", "60s"]);
    stage.reaches(20.0).await;
    run.signal(Signal::SIGKILL);
    run.output().await;
}

async fn superseding(
    stage: &Stage,
    proxy: &Proxy,
    third: &str,
    operation: Operation,
    moment: Moment,
) {
    begin_second(stage).await;
    let (hold, mut is_reached) = moment.hold();
    proxy.script(operation, vec![Some(hold)]);
    let run = stage.run_through(&proxy.endpoint, &["--to", third, "--bake", "60s"]);
    is_reached.recv().await.expect("gets there");
    run.signal(Signal::SIGKILL);
    run.output().await;
    proxy.heal();
    let live = stage.live().await;
    let watched = stage.goal().await;
    match weight(&live) {
        Some(_) => assert_eq!(watched.as_deref(), Some("2"), "{operation:?} {moment:?}"),
        None => assert_eq!(
            live.function_version(),
            Some("1"),
            "{operation:?} {moment:?}"
        ),
    }
}
