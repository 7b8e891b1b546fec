//! A machine whose clock is wrong.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Candidate, is_sound, set, stage::said};

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_by_the_clock_of_aws_whatever_that_of_the_machine_says() {
    for ahead_s in [600, -600] {
        let (stage, proxy) = set(Candidate::Good).await;
        proxy.ahead(ahead_s);
        let (code, text) = said(&stage.run_through(&proxy.endpoint, &[]).output().await);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("AWS's is used"), "{text}");
        assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
        let live = stage.live().await;
        let record = live.description().unwrap_or_default();
        let since = record.split(' ').nth(3).expect("a time");
        let since: DateTime<Utc> = since.parse().expect("a time");
        let age = Utc::now() + TimeDelta::seconds(ahead_s) - since;
        assert!((0..60).contains(&age.num_seconds()), "{record}");
        is_sound(&stage, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worse_candidate_is_found_though_the_clock_is_wrong() {
    let (stage, proxy) = set(Candidate::Errors).await;
    proxy.ahead(-600);
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("worse in errors"), "{text}");
    is_sound(&stage, &[]).await;
}
