//! What a run does with provisioned concurrency, and with people who interrupt it.

use crate::common::{WITH_A_TERMINAL, run as stage};
use std::{
    fs::File,
    io::{Read as _, Write as _},
};

use nix::sys::signal::Signal;
use stage::{Candidate, FUNCTION, Stage, said, weight};

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_with_provisioned_concurrency_is_refused_before_anything_moves() {
    let stage = Stage::set(Candidate::Good).await;
    let live = || {
        stage
            .lambda
            .put_provisioned_concurrency_config()
            .function_name(FUNCTION)
            .provisioned_concurrent_executions(1)
    };
    live()
        .qualifier("live")
        .send()
        .await
        .expect("is provisioned");
    for arguments in [&[][..], &["--dry-run"]] {
        let (code, text) = said(&stage.run(arguments).output().await);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("has provisioned concurrency (1 environments)"),
            "{text}"
        );
        assert!(
            text.contains("delete-provisioned-concurrency-config"),
            "{text}"
        );
    }
    assert_eq!(stage.live().await.description().unwrap_or_default(), "");

    // On the versions it is no obstacle.
    let remove = stage.lambda.delete_provisioned_concurrency_config();
    let remove = remove.function_name(FUNCTION).qualifier("live");
    remove.send().await.expect("is removed");
    live().qualifier("1").send().await.expect("is provisioned");
    let (code, text) = said(&stage.run(&["--dry-run"]).output().await);
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_is_gone_aborts_unless_nohup_was_asked_for() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run_behind(&WITH_A_TERMINAL, &["--bake", "60s"]);
    stage.reaches(20.0).await;
    run.signal(Signal::SIGHUP);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("aborted at 20%"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));

    let run = stage.run_behind(&["nohup"], &["retry", "--bake", "1s"]);
    stage.reaches(20.0).await;
    run.signal(Signal::SIGHUP);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
}

/// Reads a terminal until it has shown a text, or is gone.
async fn shows(terminal: &File, text: &'static str) -> String {
    let mut terminal = terminal.try_clone().expect("is cloned");
    let reading = tokio::task::spawn_blocking(move || {
        let (mut seen, mut bytes) = (String::new(), [0; 4096]);
        while !seen.contains(text) {
            match terminal.read(&mut bytes) {
                Ok(count) if count > 0 => seen += &String::from_utf8_lossy(&bytes[..count]),
                // A pseudo-terminal that nobody holds any more gives EIO.
                _ => break,
            }
        }
        seen
    });
    let seen = tokio::time::timeout(std::time::Duration::from_secs(30), reading).await;
    seen.expect("is shown in time").expect("is read")
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_an_interrupt_asks_and_the_answer_counts() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let (run, mut terminal) = stage.run_on_a_terminal(&["--bake", "60s"]);
    stage.reaches(20.0).await;
    for (answer, expected) in [("perhaps\n", "interrupted: abort"), ("r\n", "resumed")] {
        run.signal(Signal::SIGINT);
        let question = shows(&terminal, "interrupted: abort").await;
        assert!(question.contains("(a)"), "{question}");
        terminal.write_all(answer.as_bytes()).expect("is typed");
        let seen = shows(&terminal, expected).await;
        assert!(seen.contains(expected), "{seen}");
        if answer == "perhaps\n" {
            // The question still stands: this answers it.
            terminal.write_all(b"r\n").expect("is typed");
            shows(&terminal, "resumed").await;
        }
    }
    assert_eq!(weight(&stage.live().await), Some(0.2));
    run.signal(Signal::SIGINT);
    shows(&terminal, "interrupted: abort").await;
    terminal.write_all(b"d\n").expect("is typed");
    let seen = shows(&terminal, "stays as it is, and nothing watches it").await;
    assert_eq!(run.output().await.status.code(), Some(3), "{seen}");
    assert_eq!(weight(&stage.live().await), Some(0.2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_aborts_while_the_question_stands() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let (run, terminal) = stage.run_on_a_terminal(&["--bake", "60s"]);
    stage.reaches(20.0).await;
    run.signal(Signal::SIGINT);
    shows(&terminal, "interrupted: abort").await;
    run.signal(Signal::SIGINT);
    let seen = shows(&terminal, "rolled back: aborted at 20%").await;
    assert_eq!(run.output().await.status.code(), Some(1), "{seen}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}
