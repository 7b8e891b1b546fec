//! For Lambda an answer with status 500 is a success.

use package::Architecture;

use crate::common::Stage;

const FUNCTION: &str = "http-api";

/// No step is over before something is found.
/// Without the alarm on the candidate, which would be first: what is looked at is the analysis.
const LONG: [&str; 5] = ["--steps", "50,100", "--bake", "90s", "--no-guard"];

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_answers_500_to_everything_is_stopped_by_the_replay_and_rolled_back_without_it()
 {
    let stage = Stage::set(FUNCTION).await;
    for build in Architecture::ALL {
        stage.deny("*", 100, stage.new.version(build));
    }
    let replayed = stage.run("replay", &[]).await;
    replayed.expect(1, &["unknown-document"]);

    let _traffic = stage.traffic(25.0).await;
    let ended = stage.rollout("run", &LONG).await;
    let found = [
        // By the circuit breaker, or as worse where that takes fewer periods.
        "server errors",
        " 100.0% ",
        "0.0% (0 of ",
    ];
    ended.expect(1, &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_answers_500_to_one_request_in_twenty_is_rolled_back_with_the_numbers() {
    let stage = Stage::set(FUNCTION).await;
    stage.deny("*", 5, stage.candidate());
    let _traffic = stage.traffic(50.0).await;
    let ended = stage.rollout("run", &LONG).await;
    ended.expect(1, &["% server errors (", "worse in server errors"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_only_the_http_api_counts_requests_the_rollout_pauses_and_goes_back() {
    let stage = Stage::set(FUNCTION).await;
    let late = "cloudwatch:AWS/Lambda:latency=10m";
    stage.sandbox.service_fault(late).unwrap();
    let _traffic = stage.traffic(5.0).await;
    let ended = stage.rollout("run", &LONG).await;
    let said = [
        "paused: calls that the metrics do not show",
        "there were calls that the metrics of both versions do not show",
    ];
    ended.expect(1, &said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_answers_500_is_not_promoted_while_its_own_metrics_are_late() {
    let stage = Stage::set(FUNCTION).await;
    stage.deny("*", 100, stage.candidate());
    // What the build sets METRICS_NAMESPACE to.
    let manifest = package::FunctionManifest::read(&tests::root().join("dist"), FUNCTION).unwrap();
    let namespace = &manifest.environment["METRICS_NAMESPACE"];
    let late = format!("cloudwatch:{namespace}:latency=10m");
    stage.sandbox.service_fault(&late).unwrap();
    let _traffic = stage.traffic(25.0).await;
    let quick = ["--steps", "50,100", "--bake", "5s", "--bake-after", "0s"];
    let ended = stage.rollout("run", &quick).await;
    let said = ["without its own Requests, so server errors cannot be compared"];
    ended.expect(1, &said);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_the_http_api_refuses_itself_are_no_calls_that_the_metrics_lack() {
    let stage = Stage::set(FUNCTION).await;
    let sandbox = stage.sandbox.clone();
    let scan = tokio::spawn(async move {
        // Longer than API Gateway passes on.
        let path = format!("/{}", "a".repeat(20_000));
        loop {
            let request = http::Request::get(&path).body(bytes::Bytes::new()).unwrap();
            let refused = sandbox.http(FUNCTION, request).await.unwrap();
            assert_eq!(refused.status(), 414);
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    });
    let quick = ["--steps", "50,100", "--bake", "7s", "--bake-after", "0s"];
    let ended = stage.rollout("run", &quick).await;
    assert!(!scan.is_finished(), "{:?}", scan.await);
    ended.expect(0, &["promoted", "nobody called"]);
}
