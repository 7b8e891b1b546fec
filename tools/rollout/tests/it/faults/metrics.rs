//! Metrics that are late, missing in part, out of order, duplicated and in small pages.

use super::{Candidate, Proxy, Stage, is_sound, proxy::Series, set, stage::said};

/// Everything that a period of the last `late_s` seconds would show has not arrived.
fn late(late_s: i64) -> impl Fn(&mut Vec<Series>, i64) {
    move |all, now| {
        for series in all {
            series.retain(|_, time| time + late_s < now);
        }
    }
}

/// Out of order, every series and some data points twice, and every fourth data point missing.
fn jumbled(all: &mut Vec<Series>, _now: i64) {
    for series in all.iter_mut() {
        series.retain(|at, time| (at as i64 + time) % 4 != 0);
        series.times.reverse();
        series.values.reverse();
        let half = series.times.len() / 2;
        series.times.rotate_left(half);
        series.values.rotate_left(half);
        series.times.extend_from_within(..half);
        series.values.extend_from_within(..half);
    }
    all.extend_from_within(..);
    all.reverse();
}

async fn promoted(stage: &Stage, proxy: &Proxy, arguments: &[&str]) -> String {
    let (code, text) = said(&stage.run_through(&proxy.endpoint, arguments).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    is_sound(stage, &[]).await;
    text
}

async fn rolled_back(stage: &Stage, proxy: &Proxy, arguments: &[&str]) -> String {
    let (code, text) = said(&stage.run_through(&proxy.endpoint, arguments).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    is_sound(stage, &[]).await;
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worse_candidate_is_found_in_metrics_that_are_late_jumbled_and_in_small_pages() {
    let (bad, proxy) = set(Candidate::Errors).await;
    proxy.spoil(|all, now| {
        late(3)(all, now);
        jumbled(all, now);
    });
    proxy.page(40);
    let text = rolled_back(&bad, &proxy, &["--bake", "60s", "--no-data-timeout", "15s"]).await;
    assert!(text.contains("worse in errors"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_counted_twice_when_metrics_are_jumbled_and_in_small_pages() {
    let (good, proxy) = set(Candidate::Good).await;
    proxy.spoil(jumbled);
    proxy.page(25);
    promoted(&good, &proxy, &[]).await;
    let real = good.ask(&["report"]).await;
    let journal = good.journal();
    let last = journal.iter().rfind(|event| event["event"] == "analysed");
    let seen = &last.expect("an analysis")["analysis"]["metrics"][0]["totals"];
    for (version, name) in [(0, "baseline"), (1, "candidate")] {
        let seen = seen[name]["invocations"].as_f64().expect("a count");
        let real = real["versions"][version]["invocations"].as_f64();
        assert!(
            seen > 0.0 && Some(seen) <= real,
            "{name}: {seen} of {real:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_only_another_source_counts_pause_the_rollout_and_roll_it_back_in_the_end() {
    let (stage, proxy) = set(Candidate::Good).await;
    proxy.spoil(|all, _| {
        // Of the versions nothing arrives; the alias's own invocations do.
        for series in all.iter_mut().filter(|series| series.id != "alias") {
            series.retain(|_, _| false);
        }
    });
    let limits = ["--bake", "60s", "--no-data-timeout", "4s"];
    let text = rolled_back(&stage, &proxy, &limits).await;
    assert!(
        text.contains("paused: calls that the metrics do not show"),
        "{text}"
    );
    assert!(
        text.contains("there were calls that the metrics of both versions do not show"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_own_metrics_never_come_pauses_and_goes_back_and_says_which() {
    let (stage, proxy) = set(Candidate::ServerErrors).await;
    stage.compare_server_errors();
    proxy.spoil(|all, _| {
        // Of what the function counts nothing arrives; what Lambda counts does.
        for series in all.iter_mut().filter(|series| series.id.starts_with('c')) {
            series.retain(|_, _| false);
        }
    });
    let limits = ["--bake", "2s", "--no-data-timeout", "4s"];
    let text = rolled_back(&stage, &proxy, &limits).await;
    let text = text.replace("\n         ", " ");
    for said in [
        "(version 2) without its own Requests, so server errors cannot be compared",
        "its METRICS_NAMESPACE is not Functions, its handler is without telemetry.observe",
    ] {
        assert!(text.contains(said), "{text}");
    }
}
