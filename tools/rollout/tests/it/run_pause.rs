//! What another shell may do to a rollout that somebody runs.

use crate::common::run as stage;
use stage::{Candidate, FUNCTION, Stage, eventually, said, weight};

#[tokio::test(flavor = "multi_thread")]
async fn another_shell_pauses_promotes_and_resumes_and_the_run_goes_along() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--pause-at", "20", "--bake-after", "2s"]);
    stage.reaches(20.0).await;
    let promoted = stage.order(&["promote", FUNCTION]).await;
    assert_eq!(promoted["percent"], 50.0);
    assert_eq!(weight(&stage.live().await), Some(0.5));
    let paused = stage.ask(&["pause"]).await;
    assert_eq!(
        (&paused["percent"], &paused["paused"]),
        (&50.0.into(), &true.into())
    );
    assert_eq!(stage.ask(&["status"]).await["paused"], true);
    // Twice is once.
    stage.ask(&["pause"]).await;
    eventually(async || {
        let seen = |entry: &serde_json::Value| entry["event"] == "paused";
        stage.journal().iter().any(seen).then_some(())
    })
    .await;
    assert_eq!(stage.ask(&["resume"]).await["paused"], false);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "paused by somebody",
        "resumed by somebody",
        "promoted: live",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shell_aborts_or_promotes_in_full_and_the_run_ends_with_it() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    for (command, code, end, serves) in [
        (
            &["abort", FUNCTION][..],
            1,
            "rolled back: aborted at 20%",
            "1",
        ),
        (&["promote", FUNCTION, "--full"], 0, "promoted: live", "2"),
    ] {
        let run = stage.run(&["retry", "--bake", "60s", "--bake-after", "1s"]);
        stage.reaches(20.0).await;
        stage.order(command).await;
        let (found, text) = said(&run.output().await);
        assert_eq!(found, Some(code), "{text}");
        assert!(text.contains(end), "{text}");
        assert_eq!(stage.serves_alone().await.as_deref(), Some(serves));
    }
}
