//! `rollout run` against a real sandbox: promoted, rolled back, interrupted, refused. What happens step by step, and
//! when things go wrong, is tested with a clock of its own (src/delivery/rollout/tests.rs).

use crate::common::run as stage;
use nix::sys::signal::Signal;
use stage::{Candidate, FUNCTION, Stage, lines, said, weight};

#[tokio::test(flavor = "multi_thread")]
async fn a_good_candidate_is_promoted_step_by_step() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let output = stage.run(&["--json"]).output().await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output).1);

    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    let events = lines(&String::from_utf8_lossy(&output.stdout));
    let weights: Vec<f64> = events
        .iter()
        .filter(|e| e["event"] == "weight")
        .filter_map(|e| e["percent"].as_f64())
        .collect();
    assert_eq!(weights, [20.0, 50.0, 100.0]);
    assert_eq!(
        events.last().map(|event| &event["ending"]),
        Some(&"promoted".into())
    );
    assert_eq!(stage.journal(), events);

    let again = stage.run(&[]).output().await;
    let (code, text) = said(&again);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("nothing to move"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_with_errors_is_rolled_back_with_the_numbers() {
    let stage = Stage::set(Candidate::Errors).await;
    stage.send_traffic();
    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("rolled back: x86_64 (version 2) fails"),
        "{text}"
    );
    assert!(text.contains("against the threshold 40"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));

    // The next push of the same artifacts does not try it again, and whoever wants to can.
    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("rollout retry flaky"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    let (code, text) = said(&stage.run(&["retry", "--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("rolled back: x86_64 (version 2) fails"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_without_a_terminal_is_longer_than_120_columns() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    for arguments in [&["--dry-run"][..], &[]] {
        let output = stage.run(arguments).output().await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{text}");
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(120), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_crashes_is_rolled_back() {
    let stage = Stage::set(Candidate::Crashes).await;
    stage.send_traffic();
    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_counts_server_errors_is_rolled_back_though_lambda_sees_none() {
    let stage = Stage::set(Candidate::ServerErrors).await;
    stage.compare_server_errors();
    stage.send_traffic();
    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("analysed: errors, throttles, server errors;"),
        "{text}"
    );
    assert!(text.contains("worse in server errors, e-value"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    let report = stage.ask(&["report"]).await;
    assert_eq!(
        report["differences"]["rates"][2]["name"], "server errors",
        "{report}"
    );
    assert!(
        report["versions"][1]["cold_starts"].as_u64() > Some(0),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_aborts() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let stage = Stage::set(Candidate::Good).await;
        stage.send_traffic();
        let run = stage.run(&["--bake", "60s"]);
        stage.reaches(20.0).await;
        run.signal(signal);
        let (code, text) = said(&run.output().await);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("aborted at 20%"), "{text}");
        assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_slow_too_often_is_rolled_back_though_it_never_fails() {
    let stage = Stage::set(Candidate::Slow).await;
    stage.send_traffic();
    let (code, text) = said(
        &stage
            .run(&["--slow", "80ms", "--bake", "60s"])
            .output()
            .await,
    );
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("analysed: errors, throttles, warm invocations longer than 80 ms"),
        "{text}"
    );
    assert!(
        text.contains("worse in slow invocations, e-value"),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));

    let journal = stage.journal();
    let last = journal.iter().rfind(|event| event["event"] == "analysed");
    let analysis = &last.expect("an analysis")["analysis"];
    assert_eq!(analysis["verdict"], "worse", "{analysis}");
    assert_eq!(analysis["decides"], "slow", "{analysis}");
    assert_eq!(
        analysis["metrics"][0]["totals"]["candidate"]["failures"],
        0.0
    );

    let comparison = stage.ask(&["report", "--slow", "80ms"]).await;
    let differences = &comparison["differences"];
    assert_eq!(differences["rates"][2]["metric"], "slow", "{comparison}");
    let duration = &differences["duration"];
    let [low, high] = ["low", "high"].map(|end| duration[end].as_f64().expect("a bound"));
    // About a fifth of 80 ms: longer ones count as that.
    assert!(low < high && (low..=high).contains(&16.0), "{comparison}");
    assert!(comparison["versions"][1]["slow"].as_f64() > Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_what_a_run_has_last_found() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--bake", "60s", "--margin", "50"]);
    let last = stage::eventually(async || {
        let status = stage.ask(&["status"]).await;
        let last = &status["last_analysis"];
        (last["analysis"]["verdict"] == "not_worse").then(|| last.clone())
    })
    .await;
    assert_eq!(last["percent"], 20.0, "{last}");
    let sentence = last["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.contains("not worse by more than 50 percentage points in errors and throttles"),
        "{sentence}"
    );
    run.signal(Signal::SIGINT);
    run.output().await;
    assert!(stage.ask(&["status"]).await["last_analysis"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_is_refused_and_changes_nothing() {
    let stage = Stage::set(Candidate::Good).await;
    for (arguments, expected) in [
        (&["--until", "30"][..], "must be one of the steps"),
        (&["--steps", "50,20,100"], "steps_percent"),
        (&["--alpha", "2"], "alpha"),
        (&["--slow", "1h"], "slow_ms"),
        (&["--period", "7s"], "period_s"),
        (&["--period", "500ms"], "whole seconds"),
        (&["--to", "99"], "version 99 of flaky does not exist"),
        (&["--to", "mips"], "neither arm64 nor x86_64"),
        (&["--to", "arm64"], "has no alias arm64"),
        (&["--dist", "/nonexistent"], "build the function first"),
    ] {
        let (code, text) = said(&stage.run(arguments).output().await);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
    let (code, text) = said(&stage.run(&["--dry-run"]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("20% to x86_64 (version 2)"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    assert_eq!(stage.live().await.description().unwrap_or_default(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_with_different_roles_are_refused_before_anything_moves() {
    let stage = Stage::set(Candidate::Good).await;
    let update = stage.lambda.update_function_configuration();
    let update = update
        .function_name(FUNCTION)
        .role("arn:aws:iam::000000000000:role/other");
    update.send().await.expect("has another role");
    let publish = stage.lambda.publish_version().function_name(FUNCTION);
    publish.send().await.expect("is published");
    for arguments in [&["--to", "3"][..], &["--to", "3", "--dry-run"]] {
        let (code, text) = said(&stage.run(arguments).output().await);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("wants the same execution role of both"),
            "{text}"
        );
        assert!(!text.contains("is armed"), "{text}");
    }
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_of_another_candidate_is_refused_with_the_way_out() {
    let stage = Stage::set(Candidate::Good).await;
    stage.set_by_hand(0.05).await;
    let (code, text) = said(&stage.run(&["--to", "1"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains(&format!("rollout abort {FUNCTION}")),
        "{text}"
    );
    assert_eq!(weight(&stage.live().await), Some(0.05));
}
