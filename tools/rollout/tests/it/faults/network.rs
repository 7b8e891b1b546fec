//! AWS does not answer, or refuses the credentials. What follows from that at which time is tested in
//! src/delivery/rollout/tests.rs.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{Candidate, is_sound, proxy::Fault, set, stage::said};

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_never_answers_for_longer_than_the_limit_is_rolled_back_once_it_does() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(
        &proxy.endpoint,
        &["--bake", "60s", "--no-data-timeout", "5s"],
    );
    stage.reaches(20.0).await;
    proxy.always(None, Fault::Hang);
    tokio::time::sleep(Duration::from_secs(9)).await;
    is_sound(&stage, &[]).await;
    stage.reaches(20.0).await;
    proxy.heal();
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("rolled back: AWS has not answered for more than 5 s"),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_aborts_with_expired_credentials_is_told_what_may_still_be() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &[]);
    stage.reaches(20.0).await;
    proxy.always(None, Fault::Answer(403, "ExpiredTokenException", ""));
    // Long enough to have been refused, and to have failed to roll back.
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        run.signal(Signal::SIGTERM);
    }
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
