//! Injected faults, and weights: what happens by chance, as often as it should.

use aws_sdk_lambda::types::LogType;
use sandbox::execution::faults::FaultPlan;
use serde_json::json;

use super::{create_live, weight};
use crate::common::{Sandbox, assert_share, does, refusal, tail};

#[tokio::test]
async fn the_weight_of_an_alias_is_the_share_of_its_invocations() {
    const INVOCATIONS: u64 = 10_000;
    const WEIGHT: f64 = 0.05;
    let sandbox = Sandbox::with_probe().await;
    sandbox.publish().await;
    sandbox.change("candidate").await;
    sandbox.publish().await;
    let create = create_live(&sandbox, "1").routing_config(weight("2", WEIGHT));
    create.send().await.unwrap();
    let (mut candidate, event) = (0, does("echo"));
    for _ in 0..INVOCATIONS / 4 {
        let invoke = || sandbox.ask(&event).qualifier("live").send();
        let (a, b, c, d) = tokio::join!(invoke(), invoke(), invoke(), invoke());
        for output in [a, b, c, d] {
            candidate += u64::from(output.unwrap().executed_version.as_deref() == Some("2"));
        }
    }
    assert_share(candidate, INVOCATIONS, WEIGHT);
}

#[tokio::test]
async fn injected_faults_look_as_real_ones_and_stop_when_cleared() {
    let sandbox = Sandbox::with_probe().await;
    sandbox
        .inject(FaultPlan {
            errors: 1.0,
            ..FaultPlan::default()
        })
        .await;
    assert_eq!(
        sandbox.error(does("who")).await["errorType"],
        json!("Sandbox.InjectedError")
    );

    sandbox
        .inject(FaultPlan {
            crash: 1.0,
            ..FaultPlan::default()
        })
        .await;
    let error = sandbox.error(does("who")).await;
    assert_eq!(error["errorType"], json!("Runtime.ExitError"));
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("signal: killed"),
        "{error}"
    );

    sandbox
        .inject(FaultPlan {
            throttle: 1.0,
            ..FaultPlan::default()
        })
        .await;
    assert_eq!(refusal(sandbox.ask(&does("who")).send().await).1, 429);

    sandbox
        .inject(FaultPlan {
            latency_ms: 250,
            ..FaultPlan::default()
        })
        .await;
    let output = sandbox
        .ask(&does("who"))
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap();
    let log = tail(&output);
    let (_, rest) = log.split_once("\tDuration: ").unwrap();
    let duration_ms: f64 = rest.split_once(" ms").unwrap().0.parse().unwrap();
    assert!(duration_ms >= 250.0, "{log}");

    sandbox.inject(FaultPlan::default()).await;
    sandbox.answer(does("who")).await;
}

#[tokio::test]
async fn an_injected_share_hits_that_share_of_invocations() {
    let sandbox = Sandbox::with_probe().await;
    sandbox
        .inject(FaultPlan {
            errors: 0.2,
            ..FaultPlan::default()
        })
        .await;
    let mut errors = 0;
    for _ in 0..1000 {
        errors += u64::from(
            sandbox
                .ask(&does("echo"))
                .send()
                .await
                .unwrap()
                .function_error
                .is_some(),
        );
    }
    assert_share(errors, 1000, 0.2);
}

#[tokio::test]
async fn latency_beyond_the_time_limit_is_a_timeout() {
    let sandbox = Sandbox::with_probe().await;
    sandbox.limit_to_one_second().await;
    sandbox
        .inject(FaultPlan {
            latency_ms: 2000,
            ..FaultPlan::default()
        })
        .await;
    assert_eq!(
        sandbox.error(does("who")).await["errorType"],
        json!("Sandbox.Timedout")
    );
}
