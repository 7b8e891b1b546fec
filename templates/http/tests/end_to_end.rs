//! The release binaries of both halves, from `dist/`, through the sandbox's Lambda and HTTP API.
//!
//! Build them first: `scripts/build.sh` and the function's name.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use axum::{
    body::Bytes,
    http::{Request, Response},
};
use package::Architecture;
use sandbox::testing::{Invocation, Sandbox};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_PKG_NAME");

async fn both_halves() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(FUNCTION).await.unwrap();
    sandbox
}

async fn invoke(sandbox: &Sandbox, half: Architecture, event: &Value) -> Invocation {
    let invocation = sandbox.invoke(FUNCTION, half.as_str(), event).await;
    invocation.unwrap()
}

/// The answer of `live` over HTTP.
async fn request(sandbox: &Sandbox, method: &str, path: &str) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Bytes::new()).unwrap();
    sandbox.http(FUNCTION, request).await.unwrap()
}

#[tokio::test]
async fn either_half_greets_over_http() {
    let sandbox = both_halves().await;
    for arm64_percent in [0.0, 100.0] {
        let weight = sandbox.set_weight(FUNCTION, Architecture::Arm64, arm64_percent);
        weight.await.unwrap();
        for (method, path, status) in [
            ("GET", "/", 200),
            ("GET", "/hello/Ada", 200),
            ("HEAD", "/hello/Ada", 200),
            ("GET", "/hello/%00", 400),
            ("GET", "/nothing", 404),
            ("POST", "/hello/Ada", 405),
        ] {
            let answer = request(&sandbox, method, path).await;
            assert_eq!(answer.status(), status, "{method} {path}: {answer:?}");
        }
        let answer = request(&sandbox, "GET", "/hello/Ada").await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        let greeting: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(greeting, json!({"message": "Hello Ada from Graviton!"}));
    }
}

#[tokio::test]
async fn both_builds_answer_the_sample_events_as_expected() {
    let sandbox = both_halves().await;
    sandbox.replay(FUNCTION).await.unwrap();
}

#[tokio::test]
async fn an_event_that_is_no_request_is_a_typed_error_of_both_halves() {
    let sandbox = both_halves().await;
    for half in Architecture::ALL {
        let refused = invoke(&sandbox, half, &json!({"name": "Ada"})).await;
        assert_eq!(refused.function_error.as_deref(), Some("Unhandled"));
        assert_eq!(refused.payload["errorType"], "InvalidEvent", "{half}");
    }
}
