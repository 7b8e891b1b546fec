//! `rollout run --all` against a real sandbox: many functions in one process.

use crate::common::{fleet, proxy, run as stage};
use std::time::Duration;

use fleet::Fleet;
use nix::sys::signal::Signal;
use proxy::{Operation, Proxy};
use stage::{Candidate, Stage, eventually, lines, policy, said};

/// A stage with these functions and traffic to each.
async fn with(functions: &[(&'static str, Candidate)]) -> Stage {
    let stage = Stage::empty().await;
    for (function, candidate) in functions {
        stage.add(function, *candidate).await;
        stage.send_traffic_to(function);
    }
    stage
}

/// How often a function's run has looked.
pub(crate) fn looks(stage: &Stage, function: &str) -> usize {
    let journal = stage.journal_of(function);
    let looks = journal.iter().filter(|event| event["event"] == "watched");
    looks.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_function_meets_is_no_concern_of_the_others_and_the_worst_end_is_the_exit_code() {
    let stage = with(&[("good", Candidate::Good), ("bad", Candidate::Errors)]).await;
    stage.write_manifest("absent", policy());
    let (code, text) = said(&stage.run_all(&stage.endpoint, &[]).output().await);
    assert_eq!(code, Some(2), "{text}");
    for line in [
        "good: promoted",
        "bad: taken back",
        "absent: could not run: function absent has no alias live: publish it first (rollout publish absent)",
        "rollout: absent: function absent has no alias live: publish it first (rollout publish absent)",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    // Every line says whose it is.
    let named = |line: &str| {
        line.split_once(": ")
            .is_some_and(|(name, _)| ["good", "bad", "absent", "rollout"].contains(&name))
    };
    assert!(text.lines().all(named), "{text}");
    assert_eq!(stage.served_alone_of("good").await.as_deref(), Some("2"));
    assert_eq!(stage.served_alone_of("bad").await.as_deref(), Some("1"));

    std::fs::remove_dir_all(stage.dist().join("absent")).expect("is removed");
    let output = stage.run_all(&stage.endpoint, &["--json"]).output().await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output).1);
    let events = lines(&String::from_utf8_lossy(&output.stdout));
    let closings: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "closing")
        .map(|event| {
            [&event["function"], &event["ending"]].map(|text| text.as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        closings,
        [["bad", "taken_back"], ["good", "nothing_to_move"]]
    );
    assert!(events.iter().all(|event| event["function"].is_string()));
    let ended = |function: &str| {
        stage
            .journal_of(function)
            .last()
            .map(|last| last["function"].clone())
    };
    assert_eq!(ended("good"), Some("good".into()));
    assert_eq!(ended("bad"), Some("bad".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_asks_for_the_metrics_of_all() {
    let functions = ["one", "two", "three"];
    let stage = with(&functions.map(|function| (function, Candidate::Good))).await;
    let proxy = Proxy::start(&stage.endpoint).await;
    let run = stage.run_all(&proxy.endpoint, &["--bake", "60s"]);
    for function in functions {
        stage.reached_by(function, 20.0).await;
    }
    let all_looks = || functions.map(|function| looks(&stage, function));
    eventually(async || all_looks().iter().all(|looks| *looks > 1).then_some(())).await;
    let (before, calls) = (all_looks(), proxy.calls(Operation::GetMetricData));
    tokio::time::sleep(Duration::from_secs(6)).await;
    let calls = proxy.calls(Operation::GetMetricData) - calls;
    let looks: usize = all_looks().iter().sum::<usize>() - before.iter().sum::<usize>();
    assert!(looks > 9, "{looks} looks");
    assert!(2 * calls <= looks, "{calls} calls for {looks} looks");

    // An interrupt concerns all of them.
    run.signal(Signal::SIGTERM);
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    for function in functions {
        assert!(text.contains(&format!("{function}: taken back")), "{text}");
        assert_eq!(stage.served_alone_of(function).await.as_deref(), Some("1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_versions_number_means_one_function_and_a_preview_changes_none() {
    let stage = Stage::empty().await;
    stage.add("good", Candidate::Good).await;
    let (code, text) = said(
        &stage
            .run_all(&stage.endpoint, &["--to", "2"])
            .output()
            .await,
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("with --all it takes arm64 or x86_64"),
        "{text}"
    );
    let (code, text) = said(&stage.run_all(&stage.endpoint, &["good"]).output().await);
    assert_eq!(code, Some(2), "{text}");

    let (code, text) = said(
        &stage
            .run_all(&stage.endpoint, &["--dry-run"])
            .output()
            .await,
    );
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.starts_with("good: live of good routes to version 1 alone\ngood: move 1 of 1"),
        "{text}"
    );
    assert_eq!(stage.served_alone_of("good").await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_while_they_begin_leaves_no_weight_and_no_alarm() {
    let functions = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let stage = Stage::empty().await;
    for function in functions {
        stage.add(function, Candidate::Good).await;
    }
    let run = stage.run_all(&stage.endpoint, &["--bake", "60s"]);
    stage.reached_by("a", 20.0).await;
    run.signal(Signal::SIGTERM);
    let (_, text) = said(&run.output().await);
    assert!(text.contains("a: taken back"), "{text}");
    assert!(
        text.contains("h: could not run: interrupted before it began"),
        "{text}"
    );
    for function in functions {
        assert_eq!(stage.served_alone_of(function).await.as_deref(), Some("1"));
        let status = stage.order(&["status", function]).await;
        assert_eq!(status["alarm"], serde_json::Value::Null, "{text}");
    }
}

/// What the README says of a hundred functions: `scripts/bench.sh fleet` prints it.
#[ignore = "needs the machine for itself: scripts/test/rust.sh runs it alone, after the others"]
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_functions_with_a_day_behind_them_take_less_than_200_mib() {
    let fleet = Fleet::set(100).await;
    let figures = fleet.watched().await;
    figures.print();
    assert!(figures.peak_mib < 200.0, "{figures:?}");
    assert!(figures.metric_calls_a_look <= 10, "{figures:?}");
    assert!(figures.alias_calls_a_look <= 110, "{figures:?}");
}
