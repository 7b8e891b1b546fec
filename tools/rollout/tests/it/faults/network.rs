//! A network that is gone, for less and for more than the limit of blindness.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{
    Candidate, is_sound,
    proxy::{Fault, Operation},
    set,
    stage::{eventually, said},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_gone_for_less_than_the_limit_ends_nothing() {
    for fault in [Fault::Cut, Fault::Hang] {
        let (stage, proxy) = set(Candidate::Good).await;
        let run = stage.run_through(&proxy.endpoint, &["--no-data-timeout", "12s"]);
        stage.reaches(20.0).await;
        proxy.always(None, fault);
        tokio::time::sleep(Duration::from_secs(3)).await;
        is_sound(&stage, &[]).await;
        proxy.heal();
        let (code, text) = said(&run.output().await);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
        is_sound(&stage, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_gone_for_more_than_the_limit_takes_back_as_soon_as_it_returns() {
    for fault in [Fault::Cut, Fault::Hang] {
        let (stage, proxy) = set(Candidate::Good).await;
        let run = stage.run_through(
            &proxy.endpoint,
            &["--bake", "60s", "--no-data-timeout", "5s"],
        );
        stage.reaches(20.0).await;
        proxy.always(None, fault);
        tokio::time::sleep(Duration::from_secs(9)).await;
        is_sound(&stage, &[]).await;
        stage.reaches(20.0).await;
        proxy.heal();
        let (code, text) = said(&run.output().await);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains("taken back: AWS has not answered for more than 5 s"),
            "{text}"
        );
        assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
        is_sound(&stage, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_interrupts_a_run_that_tries_to_take_back_is_told_what_may_still_be() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    stage.reaches(20.0).await;
    proxy.always(None, Fault::Cut);
    run.signal(Signal::SIGTERM);
    // The first attempt has failed, and the next ones are on their way.
    eventually(async || {
        let journal = stage.journal();
        let trouble = journal.iter().any(|event| event["event"] == "trouble");
        trouble.then_some(())
    })
    .await;
    run.signal(Signal::SIGTERM);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("may still send 20%"), "{text}");
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_can_be_read_while_the_metrics_cannot_is_taken_back() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(
        &proxy.endpoint,
        &["--bake", "60s", "--no-data-timeout", "5s"],
    );
    stage.reaches(20.0).await;
    proxy.always(Some(Operation::GetMetricData), Fault::Cut);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_have_expired_end_the_run_with_what_may_still_be() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &["--no-data-timeout", "5s"]);
    stage.reaches(20.0).await;
    proxy.always(None, Fault::Answer(403, "ExpiredTokenException", ""));
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("ExpiredTokenException"), "{text}");
    assert!(text.contains("Renew the credentials"), "{text}");
    assert!(
        text.contains("may still send 20% to x86_64 (version 2)"),
        "{text}"
    );
    is_sound(&stage, &[]).await;
}
