use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricStat,
};
use sandbox::{
    execution::emulation::HOST,
    testing::{Invocation, Sandbox},
};
use serde_json::{Value, json};
use tests::events;

use crate::common::{GUARD, GUARDED, event, live, rolled_back, sandbox, set_live, weight};

const BOTH: [&str; 2] = ["GetAlias", "UpdateAlias"];

async fn ask(sandbox: &Sandbox, event: &Value) -> Invocation {
    sandbox.invoke(GUARD, HOST.as_str(), event).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_takes_the_weight_back_once_and_leaves_a_record_of_it() {
    let sandbox = sandbox(&BOTH).await;
    let first = ask(&sandbox, &event("ALARM")).await;
    assert_eq!(first.payload["did"], "rolled_back", "{first:?}");
    let details = json!({"percent": 25.0, "serves": "1"});
    assert_eq!(first.payload["details"], details, "{first:?}");
    let after = live(&sandbox).await;
    assert_eq!(
        (after.function_version(), weight(&after)),
        (Some("1"), None)
    );
    let description = after.description().unwrap_or_default();
    assert!(
        description.starts_with("rollout 1->2 since 2026-11-23T14:30:00Z 25%@0s 0%@"),
        "{description}"
    );
    assert!(description.ends_with("s by guard"), "{description}");
    let logs = sandbox.logs(GUARD).unwrap();
    assert!(logs.contains("rolled back"), "{logs}");

    let second = ask(&sandbox, &event("ALARM")).await;
    assert_eq!(second.payload["details"], "no_weight", "{second:?}");
    assert_eq!(live(&sandbox).await.revision_id(), after.revision_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_touched_without_an_alarm_on_a_version_that_has_a_weight() {
    let sandbox = sandbox(&BOTH).await;
    let before = live(&sandbox).await;
    let mut of_another = event("ALARM");
    for metric in [1, 2] {
        let pointer =
            format!("/detail/configuration/metrics/{metric}/metricStat/metric/dimensions");
        of_another.pointer_mut(&pointer).unwrap()["ExecutedVersion"] = json!("1");
    }
    for (event, why) in [
        (event("OK"), "not_in_alarm"),
        (event("INSUFFICIENT_DATA"), "not_in_alarm"),
        (of_another, "serves_as_primary"),
    ] {
        let answer = ask(&sandbox, &event).await;
        assert!(answer.is_success(), "{answer:?}");
        assert_eq!(answer.payload["details"], why, "{answer:?}");
    }
    assert_eq!(live(&sandbox).await.revision_id(), before.revision_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_role_does_not_allow_is_an_error_and_the_weight_stays() {
    let sandbox = sandbox(&["GetAlias"]).await;
    let answer = ask(&sandbox, &event("ALARM")).await;
    assert_eq!(answer.payload["errorType"], "AliasCallFailed", "{answer:?}");
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert!(message.contains("AccessDenied"), "{message}");
    assert!(
        message.ends_with("the candidate may still have its weight"),
        "{message}"
    );
    assert_eq!(weight(&live(&sandbox).await), Some(0.25));

    let mut elsewhere = event("ALARM").to_string();
    elsewhere = elsewhere.replace(GUARDED, "somebody-elses");
    let elsewhere = serde_json::from_str(&elsewhere).unwrap();
    let answer = ask(&sandbox, &elsewhere).await;
    assert_eq!(answer.payload["errorType"], "AliasCallFailed", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_of_an_alarm_is_a_typed_error_and_the_process_lives_on() {
    let sandbox = sandbox(&BOTH).await;
    for (name, event) in events(GUARD, "tests/corpus/refused") {
        let answer = ask(&sandbox, &event).await;
        assert_eq!(
            answer.payload["errorType"], "InvalidEvent",
            "{name}: {answer:?}"
        );
        // Says something, and does not quote all of it.
        let message = answer.payload["errorMessage"].as_str().unwrap();
        assert!((20..1000).contains(&message.len()), "{name}: {message}");
    }
    assert_eq!(sandbox.processes(), 1);
    assert_eq!(weight(&live(&sandbox).await), Some(0.25));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_make_the_alarm_go_off_and_the_alarm_takes_the_weight_back_with_nobody_watching() {
    let sandbox = sandbox(&BOTH).await;
    // Both versions fail whatever is no event of an alarm; the alarm watches version 2 alone.
    arm(&sandbox).await;
    set_live(&sandbox, &[("2", 0.9)]).await;
    for _ in 0..20 {
        sandbox.invoke(GUARDED, "live", &json!({})).await.unwrap();
    }
    let live = rolled_back(&sandbox).await;
    assert_eq!(live.function_version(), Some("1"));
    assert!(
        live.description()
            .is_some_and(|text| text.ends_with(" by guard")),
        "{live:?}"
    );
}

/// An alarm like that of `rollout run`, over 10 s.
async fn arm(sandbox: &Sandbox) {
    let stat = |id: &str, name: &str| {
        let dimensions = [
            ("FunctionName", GUARDED),
            ("Resource", "guarded:live"),
            ("ExecutedVersion", "2"),
        ];
        let dimensions =
            dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let metric = Metric::builder().namespace("AWS/Lambda").metric_name(name);
        let metric = metric.set_dimensions(Some(dimensions.to_vec())).build();
        let stat = MetricStat::builder().metric(metric).period(10).stat("Sum");
        let query = MetricDataQuery::builder().id(id).return_data(false);
        query.metric_stat(stat.build()).build()
    };
    let rate = "IF(invocations >= 5, 100 * errors / invocations, 0)";
    let rate = MetricDataQuery::builder()
        .id("failed")
        .expression(rate)
        .return_data(true);
    aws_sdk_cloudwatch::Client::new(&sandbox.sdk_config())
        .put_metric_alarm()
        .alarm_name(format!("{GUARDED}-live-candidate"))
        .metrics(rate.build())
        .metrics(stat("errors", "Errors"))
        .metrics(stat("invocations", "Invocations"))
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(20.0)
        .evaluation_periods(1)
        .treat_missing_data("notBreaching")
        .send()
        .await
        .unwrap();
}
