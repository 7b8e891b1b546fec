//! Functions that fail, in Lambda's words.

use serde_json::json;

use crate::common::{Sandbox, does, eventually, is_alive};

#[tokio::test]
async fn a_handler_error_reaches_the_caller_as_it_was_posted() {
    let sandbox = Sandbox::with_probe().await;
    let error = sandbox.error(does("error")).await;
    assert_eq!(
        error,
        json!({"errorType": "Probe", "errorMessage": "asked to fail"})
    );
    // The process lives on.
    assert_eq!(sandbox.answer(does("who")).await["earlier"], json!(1));
}

#[tokio::test]
async fn a_panic_is_an_error_that_names_its_message() {
    let sandbox = Sandbox::with_probe().await;
    let error = sandbox.error(does("panic")).await;
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .contains("asked to panic"),
        "{error}"
    );
}

#[tokio::test]
async fn a_process_that_ends_is_an_exit_error_and_is_replaced() {
    let sandbox = Sandbox::with_probe().await;
    for (event, how) in [
        (
            json!({"do": "exit", "code": 3}),
            "Runtime exited with error: exit status 3",
        ),
        (
            json!({"do": "exit", "code": 0}),
            "Runtime exited without providing a reason",
        ),
        (does("abort"), "Runtime exited with error: signal: aborted"),
    ] {
        let before = sandbox.answer(does("who")).await;
        let error = sandbox.error(event).await;
        assert_eq!(error["errorType"], json!("Runtime.ExitError"));
        let message = error["errorMessage"].as_str().unwrap();
        assert!(
            message.starts_with("RequestId: ") && message.ends_with(&format!(" Error: {how}")),
            "{message}"
        );
        let after = sandbox.answer(does("who")).await;
        assert_ne!(after["pid"], before["pid"]);
    }
}

#[tokio::test]
async fn at_the_time_limit_the_process_is_killed_with_all_that_it_started() {
    let sandbox = Sandbox::with_probe().await;
    sandbox.limit_to_one_second().await;
    let process = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
    let child = sandbox.answer(does("spawn")).await["pid"].as_u64().unwrap();
    assert!(is_alive(process) && is_alive(child));
    let error = sandbox.error(json!({"do": "sleep", "ms": 60_000})).await;
    assert_eq!(error["errorType"], json!("Sandbox.Timedout"));
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Error: Task timed out after 1.00 seconds"),
        "{message}"
    );
    eventually("both are gone", async || {
        !is_alive(process) && !is_alive(child)
    })
    .await;
    assert!(
        sandbox.logs().contains("Status: timeout"),
        "{}",
        sandbox.logs()
    );
}
