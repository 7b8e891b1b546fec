//! SIGKILL at every point of a run, and what the next run makes of it.

use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use super::{
    Candidate, Proxy, Stage, is_sound,
    proxy::{Fault, Operation},
    set,
    stage::said,
};

#[derive(Debug, Clone, Copy)]
enum Moment {
    /// The request has been sent and not been carried out.
    Before,
    /// It has been carried out, and its answer has not come.
    After,
}
use Moment::{After, Before};

/// Starts a run, and kills it at its next call of this kind.
async fn killed_at(stage: &Stage, proxy: &Proxy, operation: Operation, moment: Moment) -> String {
    let (reached, mut is_reached) = mpsc::unbounded_channel();
    let hold = match moment {
        Before => Fault::HoldBefore(reached),
        After => Fault::HoldAfter(reached),
    };
    proxy.script(operation, vec![Some(hold)]);
    let run = stage.run_through(&proxy.endpoint, &["--bake", "2s"]);
    is_reached.recv().await.expect("gets there");
    run.signal(Signal::SIGKILL);
    run.output().await;
    proxy.heal();
    is_sound(stage, &[]).await;
    let live = stage.live().await;
    live.description().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_at_every_call_goes_on_with_the_same_rollout() {
    let (stage, proxy) = set(Candidate::Good).await;
    let mut records = Vec::new();
    for (operation, moment) in [
        (Operation::GetAlias, Before),
        (Operation::UpdateAlias, Before),
        (Operation::UpdateAlias, After),
        (Operation::GetAlias, After),
        (Operation::GetMetricData, Before),
        (Operation::GetMetricData, After),
        (Operation::UpdateAlias, Before),
        (Operation::UpdateAlias, After),
        (Operation::GetMetricData, After),
        (Operation::UpdateAlias, Before),
        (Operation::UpdateAlias, After),
    ] {
        records.push(killed_at(&stage, &proxy, operation, moment).await);
    }
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    // No kill has made a rollout anew: every record is the one before, perhaps with a change behind it.
    assert!(records[2].starts_with("rollout 1->2 since "), "{records:?}");
    assert!(
        records.windows(2).all(|pair| pair[1].starts_with(&pair[0])),
        "{records:?}"
    );
    assert!(records[10].contains(" 20%@0s 50%@") && records[10].contains(" 100%@"));

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("nothing to move"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_before_it_takes_back_is_followed_by_one_that_does() {
    let (stage, proxy) = set(Candidate::Errors).await;
    killed_at(&stage, &proxy, Operation::UpdateAlias, After).await;
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    let (reached, mut is_reached) = mpsc::unbounded_channel();
    proxy.script(
        Operation::UpdateAlias,
        vec![Some(Fault::HoldBefore(reached))],
    );
    is_reached.recv().await.expect("wants to take back");
    run.signal(Signal::SIGKILL);
    run.output().await;
    proxy.heal();
    is_sound(&stage, &[]).await;
    stage.reaches(20.0).await;

    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("going on at 20%"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}
