//! Metrics that are late, missing, in part, out of order, duplicated or still growing.

use super::{
    Candidate, Proxy, Stage, is_sound,
    proxy::{Operation, Series},
    set,
    stage::{lines, said},
};

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

async fn taken_back(stage: &Stage, proxy: &Proxy, arguments: &[&str]) -> String {
    let (code, text) = said(&stage.run_through(&proxy.endpoint, arguments).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    is_sound(stage, &[]).await;
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_are_five_periods_late_make_the_rollout_slower_and_change_nothing_else() {
    let (good, proxy) = set(Candidate::Good).await;
    proxy.spoil(late(5));
    promoted(&good, &proxy, &["--no-data-timeout", "15s"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worse_candidate_is_found_in_metrics_that_are_late_jumbled_and_in_small_pages() {
    let (bad, proxy) = set(Candidate::Errors).await;
    proxy.spoil(|all, now| {
        late(3)(all, now);
        jumbled(all, now);
    });
    proxy.page(40);
    let text = taken_back(&bad, &proxy, &["--bake", "60s", "--no-data-timeout", "15s"]).await;
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
    let last = journal.iter().rfind(|event| event["event"] == "watched");
    let seen = &last.expect("a look")["judgement"]["metrics"][0]["totals"];
    for (half, name) in [(0, "baseline"), (1, "candidate")] {
        let seen = seen[name]["invocations"].as_u64().expect("a count");
        let real = real["halves"][half]["invocations"].as_u64();
        assert!(seen > 0 && Some(seen) <= real, "{name}: {seen} of {real:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_whose_errors_never_arrive_are_no_health() {
    let (stage, proxy) = set(Candidate::Errors).await;
    proxy.spoil(|all, _| {
        for series in all.iter_mut().filter(|series| series.id.starts_with('e')) {
            series.retain(|_, _| false);
        }
    });
    let text = taken_back(&stage, &proxy, &["--no-data-timeout", "6s"]).await;
    assert!(
        text.contains("have not shown both versions for more than 6 s"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_complete_is_not_judged_and_asked_for_again() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &["--json"]);
    stage.reaches(20.0).await;
    for (status, keeps) in [("InternalError", false), ("PartialData", true)] {
        proxy.spoil(move |all, _| {
            for series in all {
                status.clone_into(&mut series.status);
                series.retain(|at, _| keeps && at % 2 == 0);
            }
        });
        let calls = proxy.calls(Operation::GetMetricData);
        super::stage::eventually(async || {
            (proxy.calls(Operation::GetMetricData) > calls + 2).then_some(())
        })
        .await;
    }
    proxy.heal();
    let output = run.output().await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output).1);
    let events = lines(&String::from_utf8_lossy(&output.stdout));
    for status in ["InternalError", "PartialData"] {
        let trouble = events.iter().any(|event| {
            event["event"] == "trouble" && event["cause"].to_string().contains(status)
        });
        assert!(trouble, "{status}: {events:?}");
    }
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_grow_after_they_were_judged_are_read_again() {
    let (stage, proxy) = set(Candidate::Errors).await;
    // Of a period's errors none are there for as long as four periods, though its invocations are.
    proxy.spoil(|all, now| {
        for series in all.iter_mut().filter(|series| series.id.starts_with('e')) {
            let points = series.times.iter().zip(&mut series.values);
            for (_, value) in points.filter(|(time, _)| **time + 4 > now) {
                *value = 0.0;
            }
        }
    });
    let text = taken_back(&stage, &proxy, &["--bake", "60s"]).await;
    assert!(text.contains("worse in errors"), "{text}");
}
