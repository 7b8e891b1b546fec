//! The release binaries of both halves, from `dist/`, through the sandbox's Lambda and queue.
//!
//! Build them first: `scripts/build.sh` and the function's name.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::time::Duration;

use package::Architecture;
use sandbox::testing::{Invocation, Sandbox};
use serde_json::{Value, json};

/// The function's name, and its queue's.
const FUNCTION: &str = env!("CARGO_PKG_NAME");

/// Only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn both_halves() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(FUNCTION).await.unwrap();
    sandbox
}

async fn invoke(sandbox: &Sandbox, half: Architecture, event: &Value) -> Invocation {
    let invocation = sandbox.invoke(FUNCTION, half.as_str(), event).await;
    invocation.unwrap()
}

/// Waits until the function's log has this.
async fn logged(sandbox: &Sandbox, text: &str) {
    let waiting = async {
        // There is no log before the first invocation.
        while !sandbox.logs(FUNCTION).is_ok_and(|logs| logs.contains(text)) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("still no {text:?} in the log"));
}

#[tokio::test]
async fn a_message_in_the_queue_is_greeted() {
    let sandbox = both_halves().await;
    let sqs = aws_sdk_sqs::Client::new(&sandbox.sdk_config());
    let url = sqs.get_queue_url().queue_name(FUNCTION).send().await;
    let url = url.unwrap().queue_url.unwrap();
    let send = sqs.send_message().queue_url(url);
    let message = json!({"name": "Ada"}).to_string();
    send.message_body(message).send().await.unwrap();
    logged(&sandbox, "Hello Ada from Graviton!").await;
}

#[tokio::test]
async fn both_builds_answer_the_sample_events_as_expected() {
    let sandbox = both_halves().await;
    sandbox.replay(FUNCTION).await.unwrap();
}

#[tokio::test]
async fn an_event_that_is_no_batch_is_a_typed_error_of_both_halves() {
    let sandbox = both_halves().await;
    for half in Architecture::ALL {
        let refused = invoke(&sandbox, half, &json!({"name": "Ada"})).await;
        assert_eq!(refused.function_error.as_deref(), Some("Unhandled"));
        assert_eq!(refused.payload["errorType"], "InvalidEvent", "{half}");
    }
}
