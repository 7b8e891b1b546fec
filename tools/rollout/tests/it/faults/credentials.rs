//! Credentials that expire in mid-rollout.

use std::path::PathBuf;

use super::{Candidate, Stage, is_sound, set, stage::said};

/// A credentials file whose only profile has this access key.
fn write(stage: &Stage, access_key: &str) -> PathBuf {
    let path = stage.folder.path().join("credentials");
    let text = format!(
        "[deploy]\naws_access_key_id = {access_key}\naws_secret_access_key = secret\n\
         aws_session_token = token\n"
    );
    std::fs::write(&path, text).expect("is written");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_renewed_in_mid_rollout_is_read_again() {
    let (stage, proxy) = set(Candidate::Good).await;
    let file = write(&stage, "AKIAFIRSTSESSION").display().to_string();
    let environment = [
        ("AWS_SHARED_CREDENTIALS_FILE", file.as_str()),
        ("AWS_PROFILE", "deploy"),
    ];
    let run = stage.run_as(&proxy.endpoint, &[], &environment);
    stage.reaches(20.0).await;
    proxy.expire("AKIAFIRSTSESSION");
    super::stage::eventually(async || {
        let journal = stage.journal();
        let trouble = journal.iter().any(|event| event["event"] == "trouble");
        trouble.then_some(())
    })
    .await;
    write(&stage, "AKIANEXTSESSION");
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ExpiredTokenException"), "{text}");
    assert!(text.contains("Renew the credentials"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_stay_expired_end_the_run_with_what_may_still_be() {
    let (stage, proxy) = set(Candidate::Good).await;
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIAFIRSTSESSION"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let limits = ["--max-blindness", "5s"];
    let run = stage.run_as(&proxy.endpoint, &limits, &environment);
    stage.reaches(20.0).await;
    proxy.expire("AKIAFIRSTSESSION");
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("ExpiredTokenException"), "{text}");
    assert!(
        text.contains("may still send 20% to x86_64 (version 2)"),
        "{text}"
    );
    is_sound(&stage, &[]).await;
}
