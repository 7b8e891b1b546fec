//! Alarms as gates of a rollout, against the alarms of a real sandbox: before it, during it, after the promotion.

use aws_sdk_cloudwatch::{
    Client,
    types::{ComparisonOperator, Dimension, StateValue, Statistic},
};
use nix::sys::signal::Signal;
use rollout::aws::client::Connection;

use crate::common::run as stage;
use stage::{Candidate, FUNCTION, Stage, eventually, said};

const ALARM: &str = "checkout-errors";

/// An alarm that is off as soon as anybody calls the function.
async fn alarm(stage: &Stage) -> Client {
    let connection = Connection {
        endpoint_url: Some(stage.endpoint.clone()),
        ..Connection::default()
    };
    let client = connection.connect().await.cloudwatch;
    let function = Dimension::builder().name("FunctionName").value(FUNCTION);
    let put = client.put_metric_alarm().alarm_name(ALARM);
    let put = put
        .namespace("AWS/Lambda")
        .metric_name("Invocations")
        .dimensions(function.build())
        .statistic(Statistic::Sum)
        .period(10)
        .evaluation_periods(1)
        .threshold(0.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching");
    put.send().await.expect("is put");
    client
}

async fn goes_off(client: &Client) {
    eventually(async || {
        let found = client.describe_alarms().alarm_names(ALARM).send().await;
        let found = found.expect("is described");
        let state = found.metric_alarms().first()?.state_value().cloned();
        (state == Some(StateValue::Alarm)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_is_off_before_the_start_refuses_it_unless_forced() {
    let stage = Stage::set(Candidate::Good).await;
    let missing = stage.run(&["--alarms", ALARM]).output().await;
    let (code, text) = said(&missing);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("there is no alarm of this name"), "{text}");

    let client = alarm(&stage).await;
    stage.send_traffic();
    goes_off(&client).await;
    for arguments in [&["--alarms", ALARM][..], &["--alarms", ALARM, "--dry-run"]] {
        let (code, text) = said(&stage.run(arguments).output().await);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains("the alarm checkout-errors is in ALARM: "),
            "{text}"
        );
        assert!(text.contains("--force"), "{text}");
    }
    assert_eq!(stage.live().await.description().unwrap_or_default(), "");

    let forced = stage.run(&["--alarms", ALARM, "--force"]).output().await;
    let (code, text) = said(&forced);
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_goes_off_during_a_rollout_rolls_it_back_with_its_reason() {
    let stage = Stage::set(Candidate::Good).await;
    let _client = alarm(&stage).await;
    let run = stage.run(&["--alarms", ALARM, "--bake", "60s"]);
    stage.reaches(20.0).await;
    stage.send_traffic();
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("rolled back: the alarm checkout-errors went off at 20%: "),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_after_a_kill_goes_back_when_an_alarm_went_off_meanwhile() {
    let stage = Stage::set(Candidate::Good).await;
    let client = alarm(&stage).await;
    let killed = stage.run(&["--alarms", ALARM, "--bake", "60s"]);
    stage.reaches(20.0).await;
    killed.signal(Signal::SIGKILL);
    killed.output().await;
    stage.send_traffic();
    goes_off(&client).await;
    let (code, text) = said(&stage.run(&["--alarms", ALARM]).output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("rolled back: the alarm checkout-errors went off at 20%: "),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_goes_off_after_the_promotion_brings_the_old_version_back() {
    let stage = Stage::set(Candidate::Good).await;
    let _client = alarm(&stage).await;
    let run = stage.run(&["--alarms", ALARM, "--bake-after", "60s"]);
    eventually(async || (stage.serves_alone().await.as_deref() == Some("2")).then_some(())).await;
    stage.send_traffic();
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("nobody called"), "{text}");
    assert!(
        text.contains("the alarm checkout-errors went off at 100%: "),
        "{text}"
    );
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
}
