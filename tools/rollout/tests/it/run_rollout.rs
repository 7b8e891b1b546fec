//! `rollout run` against a real sandbox: promoted, taken back, killed, interrupted, interfered with.

use crate::common::{lossy, run as stage};
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
async fn a_run_until_a_step_leaves_the_weight_there_and_the_next_run_goes_on_from_it() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let (code, text) = said(&stage.run(&["--until", "20"]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("reached: live of"), "{text}");
    assert_eq!(weight(&stage.live().await), Some(0.2));

    let (code, text) = said(&stage.run(&["--until", "30"]).output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("must be one of the steps"), "{text}");
    assert_eq!(weight(&stage.live().await), Some(0.2));

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_with_errors_is_taken_back_with_the_numbers() {
    let stage = Stage::set(Candidate::Errors).await;
    stage.send_traffic();
    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("taken back: x86_64 (version 2) fails"),
        "{text}"
    );
    assert!(text.contains("against the threshold 20"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_crashes_is_taken_back() {
    let stage = Stage::set(Candidate::Crashes).await;
    stage.send_traffic();
    let (code, text) = said(&stage.run(&["--bake", "60s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_one_promotes_and_the_other_stops_and_says_why() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let (one, other) = (stage.run(&[]), stage.run(&[]));
    let mut ends = [said(&one.output().await), said(&other.output().await)];
    ends.sort();
    let [(winner, _), (loser, text)] = &ends;
    assert_eq!((winner, loser), (&Some(0), &Some(2)), "{ends:?}");
    assert!(text.contains("changed by somebody else"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_at_every_step_goes_on_with_the_same_rollout() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let mut records = Vec::new();
    for percent in [20.0, 50.0] {
        let run = stage.run(&[]);
        let live = stage.reaches(percent).await;
        run.signal(Signal::SIGKILL);
        run.output().await;
        records.push(live.description().unwrap_or_default().to_owned());
    }
    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("going on at 50%"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));

    // Every record is the one before with a change behind it: no kill has made a rollout anew.
    records.push(
        stage
            .live()
            .await
            .description()
            .unwrap_or_default()
            .to_owned(),
    );
    assert!(records[0].starts_with("rollout 1->2 since "), "{records:?}");
    assert!(
        records.windows(2).all(|pair| pair[1].starts_with(&pair[0])),
        "{records:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_from_before_a_kill_counts_afterwards() {
    let stage = Stage::set(Candidate::Errors).await;
    stage.send_traffic();
    // Takes so long to settle that the first run cannot have judged anything.
    let blind = stage.run(&["--metric-delay", "60s", "--no-data-timeout", "90s"]);
    stage.reaches(20.0).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    blind.signal(Signal::SIGKILL);
    blind.output().await;
    let output = stage.run(&["--json", "--bake", "60s"]).output().await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output).1);
    let first_look = lines(&String::from_utf8_lossy(&output.stdout))
        .into_iter()
        .find(|event| event["event"] == "watched")
        .expect("a look");
    assert!(
        first_look["judgement"]["metrics"][0]["periods"].as_u64() >= Some(2),
        "{first_look}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_takes_the_weight_back() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let stage = Stage::set(Candidate::Good).await;
        stage.send_traffic();
        let run = stage.run(&["--bake", "60s"]);
        stage.reaches(20.0).await;
        run.signal(signal);
        let (code, text) = said(&run.output().await);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("interrupted at 20%"), "{text}");
        assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_traffic_nothing_is_seen_and_the_weight_is_taken_back() {
    let stage = Stage::set(Candidate::Good).await;
    let (code, text) = said(&stage.run(&["--no-data-timeout", "5s"]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("have not shown both versions for more than 5 s"),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_invocations_hold_the_weight_and_another_run_goes_on() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let few = [
        "--bake",
        "1s",
        "--min-samples",
        "1000000",
        "--no-data-timeout",
        "5s",
    ];
    let (code, text) = said(&stage.run(&few).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("held: x86_64 (version 2) had fewer than 1000000"),
        "{text}"
    );
    assert_eq!(weight(&stage.live().await), Some(0.2));

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_sandbox_is_killed_the_run_says_what_may_still_be_and_exits_2() {
    let mut stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--bake", "60s", "--no-data-timeout", "5s"]);
    stage.reaches(20.0).await;
    stage.kill_sandbox();
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("may still send 20% to x86_64 (version 2)"),
        "{text}"
    );
    assert!(text.contains("rollout abort flaky"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_slow_too_often_is_taken_back_though_it_never_fails() {
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
        text.contains("judged: errors, throttles, invocations longer than 80 ms"),
        "{text}"
    );
    assert!(
        text.contains("worse in slow invocations, e-value"),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));

    let looks = stage.journal();
    let last = looks.iter().rfind(|event| event["event"] == "watched");
    let judgement = &last.expect("a look")["judgement"];
    assert_eq!(judgement["verdict"], "worse", "{judgement}");
    assert_eq!(judgement["decides"], "slow", "{judgement}");
    assert_eq!(
        judgement["metrics"][0]["totals"]["candidate"]["failures"],
        0
    );

    let comparison = stage.ask(&["report", "--slow", "80ms"]).await;
    let differences = &comparison["differences"];
    assert_eq!(differences["rates"][2]["metric"], "slow", "{comparison}");
    let duration = &differences["duration"];
    let [low, high] = ["low", "high"].map(|end| duration[end].as_f64().expect("a bound"));
    // About a fifth of 80 ms: longer ones count as that.
    assert!(low < high && (low..=high).contains(&16.0), "{comparison}");
    assert!(comparison["halves"][1]["slow"].as_u64() > Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_what_a_run_has_last_seen() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--bake", "60s", "--margin", "50"]);
    let look = stage::eventually(async || {
        let status = stage.ask(&["status"]).await;
        let look = &status["last_look"];
        (look["judgement"]["verdict"] == "not_worse").then(|| look.clone())
    })
    .await;
    assert_eq!(look["percent"], 20.0, "{look}");
    let sentence = look["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.contains("not worse by more than 50 percentage points in errors and throttles"),
        "{sentence}"
    );
    run.signal(Signal::SIGINT);
    run.output().await;
    assert!(stage.ask(&["status"]).await["last_look"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_whose_answers_are_lost_are_found_to_have_happened() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let lossy = lossy::proxy(&stage.endpoint);
    let (code, text) = said(&stage.run_through(&lossy, &[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("UpdateAlias of flaky:live failed"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_set_by_hand_in_mid_rollout_is_not_touched() {
    let stage = Stage::set(Candidate::Good).await;
    stage.send_traffic();
    let run = stage.run(&["--bake", "60s"]);
    stage.reaches(20.0).await;
    stage.set_by_hand(0.33).await;
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("was changed by somebody else"), "{text}");
    assert!(text.contains("version 2 33%"), "{text}");
    assert_eq!(weight(&stage.live().await), Some(0.33));

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("going on at 33%"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_is_refused_and_changes_nothing() {
    let stage = Stage::set(Candidate::Good).await;
    for (arguments, expected) in [
        (&["--steps", "50,20,100"][..], "steps_percent"),
        (&["--alpha", "2"], "alpha"),
        (&["--slow", "1h"], "slow_ms"),
        (&["--period", "7s"], "period_s"),
        (&["--period", "500ms"], "whole seconds"),
        (&["--no-data-timeout", "2s"], "no_data_timeout_s"),
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
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains(&format!("rollout abort {FUNCTION}")),
        "{text}"
    );
    assert_eq!(weight(&stage.live().await), Some(0.05));
}
