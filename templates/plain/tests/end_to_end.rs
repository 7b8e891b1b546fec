//! The release binaries of both halves, from `dist/`, through the sandbox's Lambda.
//!
//! Build them first: `scripts/build.sh` and the function's name.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use package::Architecture;
use sandbox::testing::{Invocation, Sandbox};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_PKG_NAME");

async fn both_halves() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(FUNCTION).await.unwrap();
    sandbox
}

async fn ask(sandbox: &Sandbox, half: Architecture, event: &Value) -> Invocation {
    let invocation = sandbox.invoke(FUNCTION, half.as_str(), event).await;
    invocation.unwrap()
}

#[tokio::test]
async fn both_halves_greet_whom_the_event_names() {
    let sandbox = both_halves().await;
    for half in Architecture::ALL {
        for (event, message) in [
            (json!({}), "Hello AWS Lambda from Graviton!"),
            (json!({"name": "Ada"}), "Hello Ada from Graviton!"),
        ] {
            let invocation = ask(&sandbox, half, &event).await;
            assert!(invocation.is_success(), "{half}: {invocation:?}");
            assert_eq!(invocation.payload, json!({ "message": message }), "{half}");
        }
    }
}

#[tokio::test]
async fn both_builds_answer_the_sample_events_as_expected() {
    let sandbox = both_halves().await;
    sandbox.replay(FUNCTION).await.unwrap();
}

#[tokio::test]
async fn a_malformed_event_is_a_typed_error_of_both_halves_and_costs_no_environment() {
    let sandbox = both_halves().await;
    for half in Architecture::ALL {
        let refused = ask(&sandbox, half, &json!({"name": 7})).await;
        assert_eq!(refused.function_error.as_deref(), Some("Unhandled"));
        assert_eq!(refused.payload["errorType"], "InvalidEvent", "{half}");
        let message = refused.payload["errorMessage"].as_str().unwrap();
        assert!(message.starts_with("name: invalid type"), "{message}");
        assert!(ask(&sandbox, half, &json!({})).await.is_success());
    }
    // Errors of the function, and not of its process: one environment per half did it all.
    assert_eq!(sandbox.processes(), 2);
}
