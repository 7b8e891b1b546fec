//! The life of the processes that run a function.

use std::time::Duration;

use serde_json::json;

use crate::common::{
    FUNCTION, Sandbox, does, eventually, host, is_alive, payload, probe_zip, refusal,
};

#[tokio::test]
async fn one_environment_serves_one_event_after_the_other() {
    let sandbox = Sandbox::with_probe().await;
    let first = sandbox.answer(does("who")).await;
    for earlier in 1..20 {
        assert_eq!(
            sandbox.answer(does("who")).await,
            json!({"pid": first["pid"], "earlier": earlier})
        );
    }
    assert_eq!(sandbox.processes(), 1);
}

#[tokio::test]
async fn events_at_the_same_time_get_environments_of_their_own() {
    let sandbox = Sandbox::with_probe().await;
    let event = json!({"do": "sleep", "ms": 1000});
    let (one, two, three) = tokio::join!(
        sandbox.answer(event.clone()),
        sandbox.answer(event.clone()),
        sandbox.answer(event.clone())
    );
    assert!(one["pid"] != two["pid"] && two["pid"] != three["pid"] && one["pid"] != three["pid"]);
    assert_eq!(sandbox.processes(), 3);
}

#[tokio::test]
async fn with_all_environments_busy_the_next_event_is_throttled() {
    let sandbox = Sandbox::start_with(|options| options.max_environments = 2).await;
    sandbox.create(host(), probe_zip()).await;
    let event = json!({"do": "sleep", "ms": 1500});
    let busy = async { tokio::join!(sandbox.answer(event.clone()), sandbox.answer(event.clone())) };
    let third = async {
        eventually("both are busy", async || sandbox.processes() == 2).await;
        refusal(sandbox.ask(&does("who")).send().await)
    };
    let (_, (kind, status, message)) = tokio::join!(busy, third);
    assert_eq!((kind.as_str(), status), ("TooManyRequestsException", 429));
    assert_eq!(message, "Rate Exceeded.");
    sandbox.answer(does("who")).await;
}

#[tokio::test]
async fn an_idle_environment_gives_way_to_another_version() {
    let sandbox = Sandbox::start_with(|options| options.max_environments = 1).await;
    sandbox.create(host(), probe_zip()).await;
    let latest = sandbox.answer(does("who")).await;
    let version = sandbox.publish().await;
    let output = sandbox
        .ask(&does("who"))
        .qualifier(version)
        .send()
        .await
        .unwrap();
    assert_ne!(payload(&output)["pid"], latest["pid"]);
    let pid = latest["pid"].as_u64().unwrap();
    eventually("the idle process is gone", async || !is_alive(pid)).await;
}

#[tokio::test]
async fn an_idle_environment_is_stopped_after_a_while() {
    let sandbox =
        Sandbox::start_with(|options| options.idle_limit = Duration::from_millis(10)).await;
    sandbox.create(host(), probe_zip()).await;
    sandbox.answer(does("who")).await;
    eventually("no process is left", async || sandbox.processes() == 0).await;
}

#[tokio::test]
async fn a_process_that_ended_while_idle_is_replaced_without_an_error() {
    let sandbox = Sandbox::with_probe().await;
    for _ in 0..3 {
        let pid = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
        sandbox::execution::process::kill_group(pid.try_into().unwrap());
        eventually("its death is noticed", async || sandbox.processes() == 0).await;
        assert_eq!(sandbox.answer(does("who")).await["earlier"], json!(0));
    }
}

#[tokio::test]
async fn an_update_of_latest_is_what_runs_next() {
    let sandbox = Sandbox::with_probe().await;
    let before = sandbox.answer(does("who")).await;
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    let variables = aws_sdk_lambda::types::Environment::builder()
        .variables("COLOUR", "blue")
        .build();
    update.environment(variables).send().await.unwrap();
    assert_ne!(sandbox.answer(does("who")).await["pid"], before["pid"]);
    assert_eq!(
        sandbox.answer(does("env")).await["variables"]["COLOUR"],
        json!("blue")
    );
}

#[tokio::test]
async fn every_environment_has_a_temporary_folder_of_its_own_as_long_as_it_lives() {
    let sandbox = Sandbox::with_probe().await;
    let first = sandbox.answer(does("write_temporary")).await;
    assert_eq!(first["files_before"], json!(0));
    assert_eq!(
        sandbox.answer(does("write_temporary")).await["files_before"],
        json!(1)
    );
    sandbox.error(json!({"do": "exit", "code": 1})).await;
    let second = sandbox.answer(does("write_temporary")).await;
    assert_eq!(second["files_before"], json!(0));
    assert_ne!(first["folder"], second["folder"]);
    assert!(!std::path::Path::new(first["folder"].as_str().unwrap()).exists());
}

#[tokio::test]
async fn a_stopped_sandbox_leaves_no_process() {
    let mut sandbox = Sandbox::with_probe().await;
    let idle = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
    let child = sandbox.answer(does("spawn")).await["pid"].as_u64().unwrap();
    assert!(is_alive(idle) && is_alive(child));
    sandbox.stop().await;
    assert!(!is_alive(idle));
    eventually("its child is gone too", async || !is_alive(child)).await;
}
